"""A run in a few sentences: what a reader should know who reads no further."""

from __future__ import annotations

from collections.abc import Iterator

from eval.report.analysis import TOTAL, Analysis, Stage
from eval.report.wording import counted, duration, percent, percentages
from eval.runs.compare import Comparison
from eval.statistics import Interval

BY_REFERENCE = {
    "reference_recall": "The answers given say {} of what their references say, in the same words.",
    "string_present": "{} of the answers given are right: they hold the reference word for word.",
    "factual_correctness": "The answers given are right in {} of their facts, by their references.",
}


def verdict(found: Analysis, comparison: Comparison | None = None) -> tuple[str, ...]:
    """The sentences, the most important first."""
    return (*_answered(found), *_right(found), *_declined(found), *_time(found), *_against(comparison))


def total(found: Analysis) -> Stage | None:
    """The stage that is the whole time of an answer."""
    return next((stage for stage in found.stages if stage.name == TOTAL), None)


def right_when_answered(found: Analysis) -> Interval | None:
    """How right the answers are that were given, where something else than their passages says so."""
    if found.curve is None or found.metric is None or found.metric.startswith("faithfulness"):
        return None
    last = found.curve.points[-1]
    return Interval(1 - last.risk, 1 - last.high, 1 - last.low, len(found.outcomes))


def _answered(found: Analysis) -> Iterator[str]:
    counts = found.counts
    share = f" ({percent(counts.answered / counts.cases)})" if counts.cases else ""
    asked = counted(counts.cases, "question")
    yield f"{counts.answered:,} of {asked} {_were(counts.answered)} answered{share}."
    if counts.failed:
        yield f"{counts.failed:,} could not be asked at all."


def _right(found: Analysis) -> Iterator[str]:
    faithful = found.summaries.get("faithfulness")
    if faithful and faithful.interval:
        yield f"{percentages(faithful.interval)} of what was said is supported by the passages found."
    right = right_when_answered(found)
    if right and found.metric:
        base = found.metric.partition("(")[0]
        yield BY_REFERENCE[base].format(percentages(right))


def _declined(found: Analysis) -> Iterator[str]:
    counts = found.counts
    if counts.unanswerable:
        yield (
            f"Of {counted(counts.unanswerable, 'question')} that the collection does not answer, "
            f"{counts.declined:,} {_were(counts.declined)} declined."
        )


def _time(found: Analysis) -> Iterator[str]:
    whole = total(found)
    if whole:
        half, late = duration(whole.p50), duration(whole.p95)
        yield f"Half of the replies took less than {half}, one in twenty more than {late}."
    errors = sum(found.errors.values())
    if errors:
        yield f"{counted(errors, 'score')} could not be computed."


def _against(comparison: Comparison | None) -> Iterator[str]:
    if comparison is None:
        return
    whole = [one for one in comparison.differences if one.slice is None]
    named = {
        outcome: ", ".join(one.metric for one in whole if one.outcome == outcome)
        for outcome in ("better", "worse")
    }
    parts = [f"{outcome} in {names}" for outcome, names in named.items() if names]
    told = "; ".join(parts) if parts else f"no difference in any of {counted(len(whole), 'metric')}"
    yield f"Against {comparison.first}: {told}."


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
