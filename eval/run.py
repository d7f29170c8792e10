"""Ask a collection live and score what comes back."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from eval.cases import Case, read_cases
from eval.judges.answers import cited_response
from eval.measures import Measure, chosen, load_metrics
from eval.output import write_whole
from eval.report import Failure, Report, Row, write_report
from rag.answer.engine import Engine
from rag.errors import RagError
from rag.types import Answer

if TYPE_CHECKING:
    from ragas.dataset_schema import SingleTurnSample
    from ragas.metrics.base import SingleTurnMetric

    from eval.ragas.llm import MeteredLLM

Progress = Callable[[int, int], None]
"""Called with the cases done and their total; may raise to stop."""

MARKER = re.compile(r"\s*\[(\d+(?:\s*,\s*\d+)*)\]")
METRIC_ERRORS = (ArithmeticError, AssertionError, LookupError, ValueError, RuntimeError, RagError)
WITHOUT = {
    "reference": "no_reference",
    "reference_contexts": "no_contexts",
    "reference_context_ids": "no_relevant_sources",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A case and what the engine made of it: an answer or the reason why there is none."""

    case: Case
    answer: Answer | None
    failure: Failure | None


@dataclass(frozen=True, slots=True)
class Scores:
    """What each metric said of one row; every metric is in exactly one of the three."""

    scores: dict[str, float]
    skipped: dict[str, str]
    errors: dict[str, Failure]


def run_cases(
    engine: Engine,
    cases_path: Path,
    collection: str,
    out_dir: Path | None,
    metrics: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Report:
    """Ask every case of a file and write report.json, report.md and dataset.jsonl into `out_dir` (None:
    write nothing).

    dataset.jsonl is a RAGAS EvaluationDataset, for scoring the same answers with other metrics. Raises what
    read_cases and evaluate raise; a question that fails is an error on its row.
    """
    return evaluate(engine, read_cases(cases_path), collection, out_dir, metrics, progress)


def evaluate(
    engine: Engine,
    cases: Sequence[Case],
    collection: str,
    out_dir: Path | None = None,
    metrics: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Report:
    """As run_cases, for cases already read. Not from inside an event loop: call it in a thread.

    Raises NotFound `collection_not_found`, InvalidInput `unknown_metric`, ModelError `extra_missing`.
    """
    measures = chosen(metrics, engine.settings)
    engine.store.collection(collection)
    loaded = load_metrics(measures, engine, _llm(engine, measures))
    samples: list[SingleTurnSample] = []
    rows: list[Row] = []
    for case in cases:
        asked = ask(engine, case, collection)
        samples.append(to_sample(asked))
        rows.append(to_row(asked, score(asked, samples[-1], measures, loaded)))
        if progress:
            progress(len(rows), len(cases))
    names = tuple(measure.name for measure in measures)
    report = Report(collection, datetime.now(UTC), models_of(engine), names, tuple(rows))
    if out_dir is not None:
        write_report(report, out_dir)
        write_dataset(samples, out_dir / "dataset.jsonl")
    return report


def _llm(engine: Engine, measures: Sequence[Measure]) -> MeteredLLM | None:
    """The LLM of the settings, where a measure asks one."""
    if not any(measure.llm for measure in measures):
        return None
    from eval.ragas.llm import open_llm

    return open_llm(engine.settings)


def ask(engine: Engine, case: Case, collection: str) -> Asked:
    """One question through the real pipeline."""
    try:
        return Asked(case, engine.ask(case.question, collection), None)
    except RagError as error:
        return Asked(case, None, Failure(error.code, error.message))


def to_sample(asked: Asked) -> SingleTurnSample:
    """The RAGAS sample; `response` is empty for an abstention and has no citation markers."""
    from ragas.dataset_schema import SingleTurnSample

    case, answer = asked.case, asked.answer
    return SingleTurnSample(
        user_input=case.question,
        retrieved_contexts=[hit.chunk.text for hit in answer.hits] if answer else [],
        retrieved_context_ids=list(sources(answer)),
        reference_contexts=list(case.contexts) if case.contexts else None,
        reference_context_ids=list(case.relevant_sources) if case.relevant_sources else None,
        response=wording(answer),
        reference=case.reference,
    )


def wording(answer: Answer | None) -> str:
    """An answer's text without the markers of its footnotes; empty when it abstained."""
    if answer is None or answer.abstained:
        return ""
    known = {citation.marker for citation in answer.citations}

    def unmarked(match: re.Match[str]) -> str:
        return "" if {int(marker) for marker in match[1].split(",")} <= known else match[0]

    return MARKER.sub(unmarked, answer.text).strip()


def sources(answer: Answer | None) -> tuple[str, ...]:
    """Sources of the hits, best first, each once."""
    return tuple(dict.fromkeys(hit.document.source for hit in answer.hits)) if answer else ()


def score(
    asked: Asked, sample: SingleTurnSample, measures: Sequence[Measure], metrics: dict[str, SingleTurnMetric]
) -> Scores:
    """Every metric on one sample.

    What the system failed to give counts as 0 (nothing retrieved, no answer where a reference is known), so
    that abstaining cannot raise a mean; what the case does not say is skipped.
    """
    result = Scores({}, {}, {})
    cited = _with_markers(asked, sample)
    for measure in measures:
        if asked.failure:
            result.errors[measure.name] = asked.failure
        elif measure.needs and getattr(sample, measure.needs) is None:
            result.skipped[measure.name] = WITHOUT[measure.needs]
        elif measure.judges != "retrieval" and not sample.response and not measure.needs:
            result.skipped[measure.name] = "abstained"
        elif not (sample.retrieved_contexts if measure.judges == "retrieval" else sample.response):
            result.scores[measure.name] = 0.0
        else:
            judged = cited if measure.judges == "citations" else sample
            _compute(metrics[measure.name], judged, result)
    return result


def _with_markers(asked: Asked, sample: SingleTurnSample) -> SingleTurnSample:
    """The sample for metrics on citations."""
    if asked.answer is None or not sample.response:
        return sample
    return sample.model_copy(update={"response": cited_response(asked.answer)})


def _compute(metric: SingleTurnMetric, sample: SingleTurnSample, result: Scores) -> None:
    try:
        value = float(asyncio.run(metric.single_turn_ascore(sample)))
    except METRIC_ERRORS as error:
        code = error.code if isinstance(error, RagError) else "metric_failed"
        result.errors[metric.name] = Failure(code, str(error) or type(error).__name__)
        return
    if math.isfinite(value):
        result.scores[metric.name] = value
    else:
        result.errors[metric.name] = Failure("not_a_number", f"{metric.name} gave {value}.")


def to_row(asked: Asked, result: Scores) -> Row:
    """The report's row."""
    case, answer = asked.case, asked.answer
    return Row(
        question=case.question,
        reference=case.reference,
        response=wording(answer),
        abstained=answer is not None and answer.abstained,
        reason=answer.reason if answer else None,
        sources=sources(answer),
        scores=result.scores,
        skipped=result.skipped,
        errors=result.errors,
        timings_ms=answer.timings if answer else {},
    )


def models_of(engine: Engine) -> dict[str, str]:
    """Role to `name@revision` of the small models behind a report."""
    infos = (engine.encoder.info, engine.reader.info, engine.checker.info)
    return {info.role: f"{info.name}@{info.revision[:12]}" for info in infos}


def write_dataset(samples: Sequence[SingleTurnSample], path: Path) -> None:
    """The samples as RAGAS' EvaluationDataset.to_jsonl lays them out, in one step."""
    write_whole(path, "".join(sample.model_dump_json(exclude_none=True) + "\n" for sample in samples))
