"""The worst answers of a run, which a reader should look at first, and what is wrong with each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eval.report.outcomes import answerable, correct, failed
from eval.runs.record import Row

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
