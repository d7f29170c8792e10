"""Which answers of a run were right, as far as its metrics tell, and which a reader should look at first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eval.runs.record import Row, Run

ORDER = ("factual_correctness", "reference_recall", "string_present", "faithfulness")
"""Metrics that say whether an answer is right, the best first; the last one only that it is supported."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answered row: what its route was sure of, and how right it was, from 0 to 1."""

    row: Row
    confidence: float
    correct: float


def correctness_metric(run: Run) -> str | None:
    """The first metric of ORDER that scored an answered row; None where none did."""
    for name in ORDER:
        known = [metric for metric in run.setup.metrics if metric.partition("(")[0] == name]
        for metric in known:
            if any(metric in row.scores for row in run.rows if answered(row)):
                return metric
    return None


def outcomes(rows: Sequence[Row], metric: str) -> tuple[Outcome, ...]:
    """The answered rows of which confidence and correctness are known.

    To answer what is known to have no answer in the collection is wrong, whatever the metric says. An
    abstention is no outcome: it claims nothing that could be right, and is what confidence decides about.
    """
    found = []
    for row in rows:
        if answered(row) and row.confidence is not None and (right := correct(row, metric)) is not None:
            found.append(Outcome(row, row.confidence, right))
    return tuple(found)


def correct(row: Row, metric: str) -> float | None:
    """How right an answered row is, from 0 to 1; None where that is not known."""
    if answerable(row) is False:
        return 0.0
    score = row.scores.get(metric)
    return None if score is None else min(1.0, max(0.0, score))


def answered(row: Row) -> bool:
    """Whether there is an answer: neither an abstention nor a question that failed."""
    return not row.abstained and row.failure is None


def failed(row: Row) -> bool:
    """Whether the question could not be asked."""
    return row.failure is not None


def answerable(row: Row) -> bool | None:
    """Whether the collection holds an answer; None where nothing says so."""
    said = row.slices.get("answerable")
    if said is not None:
        return said == "yes"
    return True if row.reference is not None else None


MOST = 20
MOST_FAILED = 5
"""Questions that failed among the worst: they mostly fail alike, and are all counted elsewhere."""
RULE = (
    "Questions that failed come first (five at most), then answers with a contradicted sentence, with an "
    "unsupported one, answers where there is none to give, wrong answers, answers that a metric could not "
    "score, and questions that have an answer and got none; the rest follow by their scores. Within a group "
    "the lowest mean of the main metrics comes first, then the surest."
)


@dataclass(frozen=True, slots=True)
class Worst:
    """A row and why it is among the worst, the gravest reason first."""

    row: Row
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Ranked:
    key: tuple[int, float, float]
    worst: Worst


def worst(
    rows: Sequence[Row], metric: str | None, main: Sequence[str], most: int = MOST
) -> tuple[Worst, ...]:
    """The `most` worst rows by RULE; `metric` says whether an answer is right, `main` are those of the mean.

    A row with nothing against it is never among them.
    """
    ranked = sorted((_ranked(row, metric, main) for row in rows), key=lambda one: one.key)
    broken = [one.worst for one in ranked if one.key[0] == 0][:MOST_FAILED]
    others = [one.worst for one in ranked if one.key[0] > 0 and one.worst.why]
    return tuple([*broken, *others][:most])


def _ranked(row: Row, metric: str | None, main: Sequence[str]) -> _Ranked:
    reasons = _reasons(row, metric, main)
    scores = [row.scores[name] for name in main if name in row.scores]
    mean = sum(scores) / len(scores) if scores else 1.0
    return _Ranked(
        (min(reasons, default=9), mean, -(row.confidence or 0.0)), Worst(row, tuple(reasons.values()))
    )


def _reasons(row: Row, metric: str | None, main: Sequence[str]) -> dict[int, str]:
    """What is wrong with a row: the place of its group in RULE to a sentence, the gravest first."""
    if failed(row):
        return {0: "The question could not be answered at all."}
    if row.abstained:
        return {6: "It has an answer and got none."} if row.reference is not None else {}
    found = {}
    for place, label in enumerate(("contradicted", "unsupported"), 1):
        count = sum(sentence.label == label for sentence in row.sentences)
        if count:
            found[place] = (
                f"{count} of {len(row.sentences)} sentences {'is' if count == 1 else 'are'} {label}."
            )
    sure = "" if row.confidence is None else f" ({row.confidence:.2f} sure)"
    right = correct(row, metric) if metric else None
    if answerable(row) is False:
        found[3] = f"It answers what the collection does not say{sure}."
    elif metric and right is not None and right < 0.5:
        found[4] = f"The answer is wrong by {metric}, {right:.2f}{sure}."
    if row.errors:
        found[5] = f"Not scored: {', '.join(row.errors)}."
    low = {name: row.scores[name] for name in main if row.scores.get(name, 1.0) < 1.0}
    if low and not found:
        found[7] = f"Below 1: {', '.join(f'{name} {value:.2f}' for name, value in low.items())}."
    return found
