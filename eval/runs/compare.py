"""Two runs of the same cases, side by side: what `eval compare` found."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from eval.runs.record import Row, Run
from eval.runs.setup import setup_changes
from eval.statistics import Interval, holm, paired_difference, sign_flip_p

Outcome = Literal["better", "worse", "same"]
"""`same` is: the interval of the difference holds 0."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A metric in one slice: means of both runs over the cases that both scored, and the paired difference
    (second less first) with its interval. `slice` is None for all cases, else `(name, value)`.
    """

    metric: str
    slice: tuple[str, str] | None
    first: float
    second: float
    difference: Interval
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Change:
    """A case whose score of a metric differs."""

    id: str
    question: str
    metric: str
    first: float
    second: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """`first` and `second` name the runs; `changes` are the wins and losses, largest first. `altered` says
    what differs in the setups, in words such as `settings.reader_candidates: 20 → 0`; `unmatched` counts the
    cases that only one of the runs has.
    """

    first: str
    second: str
    differences: tuple[Difference, ...]
    changes: tuple[Change, ...]
    altered: tuple[str, ...]
    unmatched: int


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
        setup_changes(first.setup, second.setup),
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
