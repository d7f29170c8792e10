"""Every metric on one answered row."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from eval.cases import Case
from eval.measures import Measure
from eval.ragas.meter import Meter
from eval.runs.row import Failure, Row
from rag.errors import RagError

if TYPE_CHECKING:
    from ragas.dataset_schema import SingleTurnSample
    from ragas.metrics.base import SingleTurnMetric

METRIC_ERRORS = (ArithmeticError, AssertionError, LookupError, ValueError, RuntimeError, TypeError, RagError)
WITHOUT = {
    "reference": "no_reference",
    "reference_contexts": "no_contexts",
    "reference_context_ids": "no_relevant_sources",
}


@dataclass(frozen=True, slots=True)
class Scores:
    """What each metric said of one row; every metric is in exactly one of the first three."""

    scores: dict[str, float] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    errors: dict[str, Failure] = field(default_factory=dict)
    took_ms: dict[str, float] = field(default_factory=dict)


class Scorer:
    """The metrics of a run; `timeout_s` is what one of them may take on one row, `meter` counts what the LLM
    behind them costs. Used by many threads.
    """

    def __init__(
        self,
        measures: Sequence[Measure],
        metrics: Mapping[str, SingleTurnMetric],
        timeout_s: float = 60.0,
        meter: Meter | None = None,
    ) -> None:
        self.measures = tuple(measures)
        self._metrics = metrics
        self._timeout_s = timeout_s
        self._meter = meter or Meter(0, 0)

    def scored(self, row: Row, case: Case) -> Row:
        """The row with its scores.

        What the system failed to give counts as 0 (nothing retrieved, no answer where a reference is known),
        so that abstaining cannot raise a mean; what the case does not say is skipped.
        """
        found = Scores()
        plain, marked = to_sample(row, case), to_sample(row, case, with_markers=True)
        with self._meter.tally() as tally:
            for measure in self.measures:
                if measure.judges == "abstention":
                    _score_abstention(measure.name, row, case, found)
                else:
                    self._score(measure, marked if measure.judges == "citations" else plain, found)
        return replace(
            row,
            scores=found.scores,
            skipped=found.skipped,
            errors=found.errors,
            judge_ms=found.took_ms,
            judge_spent=tally.spent,
        )

    def _score(self, measure: Measure, sample: SingleTurnSample, found: Scores) -> None:
        if measure.needs and getattr(sample, measure.needs) is None:
            found.skipped[measure.name] = WITHOUT[measure.needs]
        elif measure.judges != "retrieval" and not sample.response and not measure.needs:
            found.skipped[measure.name] = "abstained"
        elif not (sample.retrieved_contexts if measure.judges == "retrieval" else sample.response):
            found.scores[measure.name] = 0.0
        else:
            self._compute(measure, sample, found)

    def _compute(self, measure: Measure, sample: SingleTurnSample, found: Scores) -> None:
        started = time.perf_counter()
        try:
            value = self._value(measure, sample)
        except TimeoutError:
            found.errors[measure.name] = Failure("metric_timeout", f"No score in {self._timeout_s:g} s.")
        except METRIC_ERRORS as error:
            code = error.code if isinstance(error, RagError) else "metric_failed"
            found.errors[measure.name] = Failure(code, str(error) or type(error).__name__)
        else:
            if math.isfinite(value):
                found.scores[measure.name] = value
            else:
                found.errors[measure.name] = Failure("not_a_number", f"{measure.name} gave {value}.")
        found.took_ms[measure.name] = 1000 * (time.perf_counter() - started)

    def _value(self, measure: Measure, sample: SingleTurnSample) -> float:
        asked = self._metrics[measure.name].single_turn_ascore(sample)
        return float(asyncio.run(asyncio.wait_for(asked, self._timeout_s)))


def _score_abstention(name: str, row: Row, case: Case, found: Scores) -> None:
    """1 for an answer to what can be answered and for none to what cannot."""
    if case.answerable is None:
        found.skipped[name] = "not_known_whether_answerable"
    else:
        found.scores[name] = float(row.abstained != case.answerable)


def to_sample(row: Row, case: Case, *, with_markers: bool = False) -> SingleTurnSample:
    """The RAGAS sample of a row; `response` is empty for an abstention, and has markers that count the
    retrieved passages from 1 only where wanted. Near misses of a question without an answer are no reference.
    """
    from ragas.dataset_schema import SingleTurnSample

    known = case.answerable is not False
    return SingleTurnSample(
        user_input=row.question,
        retrieved_contexts=[passage.text for passage in row.passages],
        retrieved_context_ids=list(row.sources),
        reference_contexts=list(case.contexts) if case.contexts and known else None,
        reference_context_ids=list(case.relevant_sources) if case.relevant_sources and known else None,
        response=row.cited if with_markers else row.response,
        reference=row.reference,
    )
