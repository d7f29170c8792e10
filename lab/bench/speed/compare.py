"""Two runs of the benchmark: which ratios changed by more than they vary by themselves.

Ratios are compared, not seconds: each run's baseline was measured on the same machine in the same minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from typing import Literal

from lab.bench.speed.results import Figure, Results

TOLERANCE = 0.05
Outcome = Literal["worse", "better", "same", "unknown"]


@dataclass(frozen=True, slots=True)
class Change:
    """New ratio over old ratio of one figure: above 1 is worse where lower is better, and the other way
    round.

    `spread` is by what factor the change has to differ from 1 to count: the range of the old ratios times
    that of the new ones, and at least the tolerance.
    """

    key: str
    old: float
    new: float
    change: float
    spread: float
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every figure that both runs have, and the keys that only one has."""

    changes: tuple[Change, ...]
    only_old: tuple[str, ...]
    only_new: tuple[str, ...]
    differences: tuple[str, ...]

    @property
    def worse(self) -> tuple[Change, ...]:
        """What got worse beyond the spread."""
        return tuple(one for one in self.changes if one.outcome == "worse")


def compare(old: Results, new: Results, *, tolerance: float = TOLERANCE) -> Comparison:
    """Compare by part, name and place."""
    before = {one.key: one for one in old.figures}
    after = {one.key: one for one in new.figures}
    return Comparison(
        tuple(changed(before[key], one, tolerance) for key, one in after.items() if key in before),
        tuple(key for key in before if key not in after),
        tuple(key for key in after if key not in before),
        tuple(_differences(old, new)),
    )


def changed(old: Figure, new: Figure, tolerance: float = TOLERANCE) -> Change:
    """One figure. Of a single repeat of a timing the spread is unknown, so that it is never called worse;
    sizes do not vary.
    """
    factor = new.ratio / old.ratio
    spread = max(1 + tolerance, exp(_width(old.ratios) + _width(new.ratios)))
    certain = old.part == "size" or min(len(old.runs), len(new.runs)) > 1
    return Change(
        new.key, old.ratio, new.ratio, factor, spread, _outcome(factor, spread, new.better, certain)
    )


def _width(ratios: Sequence[float]) -> float:
    return log(max(ratios) / min(ratios))


def _outcome(factor: float, spread: float, better: str, certain: bool) -> Outcome:
    if abs(log(factor)) <= log(spread):
        return "same"
    if not certain:
        return "unknown"
    return "worse" if (factor > 1) == (better == "lower") else "better"


def _differences(old: Results, new: Results) -> list[str]:
    """What else changed between the runs, in words."""
    found = []
    for name in ("material", "machine", "models", "settings", "packages"):
        before, after = getattr(old.setup, name), getattr(new.setup, name)
        if isinstance(before, str) or isinstance(after, str):
            found += [f"{name}: {before} → {after}"] if before != after else []
            continue
        keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
        found += [f"{name}, {key}: {before.get(key)} → {after.get(key)}" for key in keys]
    return found
