"""Every metric on one answered row."""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from eval.cases import Case
from eval.environment import ragas_telemetry_off
from eval.metrics.judge import cited_response
from eval.metrics.ragas.meter import Meter, Spent
from eval.metrics.registry import Measure
from eval.runs.record import Checked, Failure, Footnote, Passage, Row
from rag.errors import RagError
from rag.types import Answer, Citation, Sentence

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
    ragas_telemetry_off()
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


MARKER = re.compile(r"\s*\[(\d+(?:\s*,\s*\d+)*)\]")
SHORT, LONG = 8, 16
"""Words of a question up to which it is short, and beyond which it is long."""


def answered(case: Case, answer: Answer) -> Row:
    """The row of a case that was asked, without scores yet. The case has an id."""
    row = failed(case, None)
    return replace(
        row,
        response=wording(answer),
        cited="" if answer.abstained else cited_response(answer),
        abstained=answer.abstained,
        reason=answer.reason,
        sources=tuple(dict.fromkeys(hit.document.source for hit in answer.hits)),
        timings_ms=answer.timings,
        confidence=_confidence(answer),
        route=next((step.step for step in reversed(answer.route) if step.taken), "none"),
        sentences=tuple(_checked(sentence) for sentence in answer.sentences),
        footnotes=_footnotes(answer),
        passages=tuple(
            Passage(hit.document.source, hit.document.title, hit.chunk.text, hit.chunk.page)
            for hit in answer.hits
        ),
        spent=Spent(answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.cost),
    )


def failed(case: Case, failure: Failure | None, metrics: tuple[str, ...] = ()) -> Row:
    """The row of a case that could not be asked: every metric has the failure."""
    return Row(
        id=case.id or "",
        question=case.question,
        reference=case.reference,
        response="",
        abstained=False,
        reason=None,
        sources=(),
        scores={},
        skipped={},
        errors=dict.fromkeys(metrics, failure) if failure else {},
        slices=slices(case),
        synthetic=case.synthetic,
        failure=failure,
    )


def slices(case: Case) -> dict[str, str]:
    """What results are compared by: `type` and `answerable` where known, `source` (the folder of the first
    relevant one), `length` of the question, and `synthetic`.
    """
    words = len(case.question.split())
    found = {"length": "short" if words <= SHORT else "medium" if words <= LONG else "long"}
    if case.type:
        found["type"] = case.type
    if case.answerable is not None:
        found["answerable"] = "yes" if case.answerable else "no"
    folder = PurePosixPath(case.relevant_sources[0]).parent if case.relevant_sources else None
    if folder and folder.name:
        found["source"] = str(folder)
    if case.synthetic:
        found["synthetic"] = "yes"
    return found


def wording(answer: Answer) -> str:
    """An answer's text without the markers of its footnotes; empty when it abstained."""
    known = {citation.marker for citation in answer.citations}
    return "" if answer.abstained else without_markers(answer.text, known)


def without_markers(text: str, known: set[int]) -> str:
    """The text without the markers `[n]` of known footnotes."""

    def unmarked(match: re.Match[str]) -> str:
        return "" if {int(marker) for marker in match[1].split(",")} <= known else match[0]

    return MARKER.sub(unmarked, text).strip()


def _footnotes(answer: Answer) -> tuple[Footnote, ...]:
    chunks = {hit.chunk.id: place for place, hit in enumerate(answer.hits)}
    return tuple(_footnote(citation, chunks.get(citation.chunk_id)) for citation in answer.citations)


def _footnote(found: Citation, passage: int | None) -> Footnote:
    return Footnote(found.marker, found.source, found.start, found.end, found.quote, found.page, passage)


def _checked(sentence: Sentence) -> Checked:
    verdict = sentence.verdict
    label, support = (verdict.label, verdict.support) if verdict else (None, None)
    return Checked(sentence.text, sentence.citations, label, support)


def _confidence(answer: Answer) -> float | None:
    """What the step that answered was sure of; of an abstention, what the surest step was."""
    sure = [step.confidence for step in answer.route if step.confidence is not None]
    taken = [step.confidence for step in answer.route if step.taken and step.confidence is not None]
    return taken[-1] if taken else max(sure, default=None)
