"""Means of a run by the kind of question, its source or its length."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eval.correctness import answered
from eval.runs.row import Row
from eval.stats import Interval, mean_interval

LEAST = 5
"""Cases from which a slice is told apart: an interval of fewer says next to nothing."""
MOST = 12
"""Values of a slice that are told apart, the most frequent ones."""


@dataclass(frozen=True, slots=True)
class Slice:
    """The `n` cases whose slice `name` is `value`; a metric that scored none of them is missing."""

    name: str
    value: str
    n: int
    answered: int
    scores: Mapping[str, Interval]


def by_slice(rows: Sequence[Row], metrics: Sequence[str]) -> tuple[Slice, ...]:
    """Slices by name, each with its values, the most frequent first; a name with fewer than two values that
    are told apart says nothing and is left out.
    """
    parts: defaultdict[str, defaultdict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        for name, value in row.slices.items():
            parts[name][value].append(row)
    found: list[Slice] = []
    for name in sorted(parts):
        largest = sorted(parts[name].items(), key=lambda part: (-len(part[1]), part[0]))[:MOST]
        told = [(value, inside) for value, inside in largest if len(inside) >= LEAST]
        if len(told) > 1:
            found += [_slice(name, value, inside, metrics) for value, inside in told]
    return tuple(found)


def _slice(name: str, value: str, rows: Sequence[Row], metrics: Sequence[str]) -> Slice:
    values = {metric: [row.scores[metric] for row in rows if metric in row.scores] for metric in metrics}
    scores = {metric: mean_interval(known) for metric, known in values.items() if known}
    return Slice(name, value, len(rows), sum(answered(row) for row in rows), scores)
