"""Which answers of a run were right, as far as its metrics tell."""

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
