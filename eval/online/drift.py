"""Drift: whether the answers of late differ from those before, signal by signal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import exp, log, pi, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eval.online.signals import Signal
from eval.statistics import Difference, holm, mean_difference, median_ratio, share_difference

LEVEL = 0.01
"""The chance that a look at a collection in which nothing changed calls any of its signals changed."""
FEWEST = 120
"""Values that a signal needs before anything is said of it."""
SIDE = 30
"""Values on either side of a change: one is seen after so many at the earliest."""
RECENT = 200

Verdict = Literal["worse", "better", "steady", "too_few"]


@dataclass(frozen=True, slots=True)
class Drift:
    """What became of a signal. Where it changed, `before` and `after` are parted at the change, which `since`
    names by the first answer after it; that split was chosen as the most striking one, so the difference is
    on the large side. Else the newest values (RECENT of them, a quarter at most) stand against the rest.

    `p` is the change's, after Holm's correction for the number of signals; `z` is signed, above zero for
    higher values after. Without enough values there is neither them nor a difference.
    """

    signal: str
    verdict: Verdict
    before: int
    after: int
    difference: Difference | None = None
    p: float | None = None
    z: float | None = None
    since: datetime | None = None


def drifts(signals: Sequence[Signal]) -> list[Drift]:
    """A verdict on every signal of a collection; all of them together err with the chance LEVEL at a look.

    Holm's procedure over the signals' permutation tests of a change anywhere in the window. The guarantee is
    for answers whose order means nothing; load that comes and goes, or questions that come in bursts, are
    changes to it.
    """
    tested = {s.name: _change(s) for s in signals if len(s.values) >= FEWEST}
    adjusted = holm({name: change.p if change else 1.0 for name, change in tested.items()})
    return [
        _verdict(s, tested[s.name], adjusted[s.name]) if s.name in tested else _too_few(s) for s in signals
    ]


def _change(signal: Signal) -> Change | None:
    return strongest_change(signal.values, SIDE)


def _too_few(signal: Signal) -> Drift:
    return Drift(signal.name, "too_few", len(signal.values), 0)


def _verdict(signal: Signal, change: Change | None, p: float) -> Drift:
    if change is not None and p <= LEVEL:
        found = _difference(signal, change.at)
        if _matters(signal, found, change):
            higher = change.z > 0
            verdict: Verdict = "better" if higher == (signal.better == "higher") else "worse"
            since = signal.samples[change.at].created_at
            return Drift(signal.name, verdict, *_sizes(signal, change.at), found, p, change.z, since)
    at = len(signal.values) - min(RECENT, len(signal.values) // 4)
    z = change.z if change else 0.0
    return Drift(signal.name, "steady", *_sizes(signal, at), _difference(signal, at), p, z)


def _sizes(signal: Signal, at: int) -> tuple[int, int]:
    return at, len(signal.values) - at


def _difference(signal: Signal, at: int) -> Difference:
    of = {"mean": mean_difference, "share": share_difference, "time": median_ratio}[signal.kind]
    return of(signal.values[:at], signal.values[at:])


def _matters(signal: Signal, found: Difference, change: Change) -> bool:
    """Whether the change is large enough, and of the same sign as that of the ranks."""
    if signal.kind == "time":
        ratio = found.change if change.z > 0 else 1 / found.change
        return ratio >= signal.least
    return found.change * (1 if change.z > 0 else -1) >= signal.least


Array = NDArray[np.float64]

PERMUTATIONS = 1999
_BLOCK = 250  # permuted series held in memory at once
_SCREEN = 0.3
_ENOUGH = 100


@dataclass(frozen=True, slots=True)
class Change:
    """The split of a series at which its two parts differ most: `at` is the index of the first value of the
    second part, `z` the standardised difference of ranks there (above zero: higher afterwards), `p` the
    probability of so large a difference at any split if the order meant nothing.
    """

    at: int
    z: float
    p: float


def strongest_change(values: Sequence[float], least: int, *, seed: int = 0) -> Change | None:
    """The maximally selected two-sample rank statistic over all splits that leave `least` values on either
    side; None when the series is too short, or all its values are alike.

    Looking at every split finds a change wherever it is, and `p` allows for the looking: as a permutation
    test it holds for any distribution, ties and rare events included, as long as the values could stand in
    any order (Hothorn and Lausen 2003, https://doi.org/10.1016/S0167-9473(02)00225-6; for the statistic also
    Pettitt 1979, https://doi.org/10.2307/2346729). Where the approximation of Miller and Siegmund (1982,
    https://doi.org/10.2307/2529881) is far from any alarm, nothing is permuted and `p` is that. The same seed
    gives the same answer.
    """
    size = len(values)
    if size < 2 * least:
        return None
    ranks = _ranks(np.asarray(values, dtype=np.float64))
    if ranks.std() == 0:
        return None
    splits = np.arange(least, size - least + 1)
    z = _standardised(ranks[np.newaxis, :], splits)[0]
    best = int(np.abs(z).argmax())
    p = _approximate(float(abs(z[best])), least / size)
    if p <= _SCREEN:
        p = _permuted(ranks, splits, float(abs(z[best])), seed)
    return Change(int(splits[best]), float(-z[best]), p)


def _ranks(values: Array) -> Array:
    """Ranks from 1; equal values share the mean of theirs."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = count.cumsum()
    return np.asarray((last - (count - 1) / 2)[place], dtype=np.float64)


def _standardised(series: Array, splits: NDArray[np.int64]) -> Array:
    """For each series (n, size) and split the standardised sum of the ranks before it (n, splits)."""
    size = series.shape[1]
    centred = series - series[0].mean()
    sums = centred.cumsum(axis=1)[:, splits - 1]
    spread = series[0].std() * np.sqrt(splits * (size - splits) / (size - 1))
    return np.asarray(sums / spread, dtype=np.float64)


def _approximate(z: float, trimmed: float) -> float:
    """The chance of a maximum of at least z over all splits but a share `trimmed` at either end, by the
    maximum of a standardised Brownian bridge; for many values, and none too rare.
    """
    density = exp(-z * z / 2) / sqrt(2 * pi)
    window = 2 * log((1 - trimmed) / trimmed)
    return min(1.0, density * ((z - 1 / z) * window + 4 / z)) if z > 1 else 1.0


def _permuted(ranks: Array, splits: NDArray[np.int64], z: float, seed: int) -> float:
    """The share of random orders with a maximum of at least z, the observed one counted with them.

    Fewer are drawn once so many reached it that no more could make it small (Besag and Clifford 1991,
    https://doi.org/10.1093/biomet/78.2.301).
    """
    random = np.random.default_rng(seed)
    reached = drawn = 0
    while drawn < PERMUTATIONS and reached < _ENOUGH:
        rows = min(_BLOCK, PERMUTATIONS - drawn)
        orders = random.permuted(np.tile(ranks, (rows, 1)), axis=1)
        reached += int((np.abs(_standardised(orders, splits)).max(axis=1) >= z - 1e-9).sum())
        drawn += rows
    return (1 + reached) / (1 + drawn)
