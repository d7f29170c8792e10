"""Whether one run is better or worse than another on the same cases, and by how much."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from eval.runs.compared import Change, Comparison, Difference, Outcome
from eval.runs.record import Run
from eval.runs.row import Row
from eval.runs.setup import altered
from eval.stats import holm, paired_difference, sign_flip_p

ANSWERED = "answered"
"""The share of cases that got an answer, compared beside the metrics."""
LEAST_CASES = 10
"""Cases of a slice from which it is compared."""
MOST_VALUES = 12
"""Values of a slice that are looked at, the most frequent ones."""
ALPHA = 0.05

Pairs = Sequence[tuple[Row, Row]]


@dataclass(frozen=True, slots=True)
class _Tested:
    difference: Difference
    p: float


def compare(
    first: Run, second: Run, *, margin: float = 0.0, seed: int = 0, names: tuple[str, str] | None = None
) -> Comparison:
    """`second` against `first`, metric by metric and slice by slice, over the cases that both scored.

    Intervals are the paired bootstrap's. A difference counts as better or worse when a randomisation test of
    the signs (Smucker et al. 2007) says so at 5% after Holm's correction (1979), over the metrics for all
    cases, and over all that is looked at for the slices; when 0 lies outside its interval; and when it is
    larger than `margin`. So at most one in twenty pairs of runs that differ by chance alone is told apart.
    """
    theirs = {row.id: row for row in second.rows}
    pairs = [(row, theirs[row.id]) for row in first.rows if row.id in theirs]
    metrics = [name for name in first.setup.metrics if name in second.setup.metrics]
    whole = [found for name in [ANSWERED, *metrics] if (found := _tested(name, None, pairs, seed))]
    sliced = [
        found for one in _slices(pairs) for name in metrics if (found := _tested(name, one, pairs, seed))
    ]
    differences = [*_decided(whole, margin), *_decided(sliced, margin)]
    unmatched = len(first.rows) + len(second.rows) - 2 * len(pairs)
    return Comparison(
        *(names or (first.setup.id, second.setup.id)),
        tuple(differences),
        _changes(pairs, metrics),
        altered(first.setup, second.setup),
        unmatched,
    )


def worse(comparison: Comparison) -> list[Difference]:
    """The metrics that are surely worse over all cases."""
    return [one for one in comparison.differences if one.slice is None and one.outcome == "worse"]


def _tested(metric: str, where: tuple[str, str] | None, pairs: Pairs, seed: int) -> _Tested | None:
    scored = [
        (ours, theirs)
        for one, other in pairs
        if _in(one, where) and (ours := _value(one, metric)) is not None
        and (theirs := _value(other, metric)) is not None
    ]  # fmt: skip
    if not scored or (where and len(scored) < LEAST_CASES):
        return None
    first, second = [pair[0] for pair in scored], [pair[1] for pair in scored]
    found = paired_difference(second, first, seed=seed)
    means = float(np.mean(first)), float(np.mean(second))
    p = sign_flip_p([b - a for a, b in scored], seed=seed)
    return _Tested(Difference(metric, where, *means, found, "same"), p)


def _decided(tested: Sequence[_Tested], margin: float) -> list[Difference]:
    """The differences in the order given, with the outcome that Holm's procedure leaves; else "same"."""
    adjusted = holm({place: one.p for place, one in enumerate(tested)})
    return [
        replace(one.difference, outcome=_outcome(one.difference, margin)) if adjusted[place] <= ALPHA
        else one.difference
        for place, one in enumerate(tested)
    ]  # fmt: skip


def _outcome(found: Difference, margin: float) -> Outcome:
    interval = found.difference
    if interval.low <= 0 <= interval.high or abs(interval.mean) <= margin:
        return "same"
    return "better" if interval.mean > 0 else "worse"


def _value(row: Row, metric: str) -> float | None:
    return float(not row.abstained) if metric == ANSWERED else row.scores.get(metric)


def _in(row: Row, where: tuple[str, str] | None) -> bool:
    return where is None or row.slices.get(where[0]) == where[1]


def _slices(pairs: Pairs) -> list[tuple[str, str]]:
    """The slices that hold some of the cases and not all."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row, _ in pairs:
        for name, value in row.slices.items():
            counts[name][value] += 1
    return [
        (name, value)
        for name in sorted(counts)
        for value, count in counts[name].most_common(MOST_VALUES)
        if LEAST_CASES <= count < len(pairs)
    ]


def _changes(pairs: Pairs, metrics: Sequence[str]) -> tuple[Change, ...]:
    """Wins and losses, largest first."""
    found = [
        Change(one.id, one.question, name, one.scores[name], other.scores[name])
        for one, other in pairs
        for name in metrics
        if name in one.scores and name in other.scores and one.scores[name] != other.scores[name]
    ]
    return tuple(sorted(found, key=lambda change: -abs(change.second - change.first)))
