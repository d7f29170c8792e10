"""Means with bootstrap intervals, tests of pairs, calibration error, and the curve of coverage and risk.

The one place for them: runs, reports, live answers, adaptation and the laboratory all use these.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Key = TypeVar("Key", bound=Hashable)
Floats = NDArray[np.float64]
Statistic = Callable[[Floats], Floats]
"""From resamples (some, n) to a value for each (some,)."""

RESAMPLES = 2000
CURVE_RESAMPLES = 500
DIFFERENCE_RESAMPLES = 1000
Z95 = 1.959964  # standard normal, two-sided 95%
FLIPS = 10_000
EXACT = 13  # as many signs have fewer combinations than FLIPS
BLOCK = 1 << 20  # drawn values held in memory at once


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean, its 95% bootstrap interval and the number of values behind it."""

    mean: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


def means(rows: Floats) -> Floats:
    """The mean of each row (rows, n) -> (rows,)."""
    return np.asarray(rows.mean(axis=1), dtype=np.float64)


def medians(rows: Floats) -> Floats:
    """The median of each row (rows, n) -> (rows,)."""
    return np.asarray(np.median(rows, axis=1), dtype=np.float64)


def bootstrap(
    values: Sequence[float] | Floats,
    statistic: Statistic = means,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Floats:
    """The statistic of samples drawn from the values with replacement (resamples,); the same seed draws the
    same (Efron 1979).
    """
    sample = np.asarray(values, dtype=np.float64)
    random = np.random.default_rng(seed)
    rows = max(1, BLOCK // sample.size)
    shapes = [(min(rows, resamples - start), sample.size) for start in range(0, resamples, rows)]
    return np.concatenate([statistic(sample[random.integers(0, sample.size, shape)]) for shape in shapes])


def mean_interval(values: Sequence[float] | Floats, *, seed: int = 0, resamples: int = RESAMPLES) -> Interval:
    """The mean with the 95% interval of its percentile bootstrap.

    Raises ValueError when there is no value or one is not finite.
    """
    sample = np.asarray(values, dtype=np.float64)
    if not sample.size or not np.isfinite(sample).all():
        raise ValueError(f"A mean needs finite values; got {sample.size} values.")
    low, high = np.percentile(bootstrap(sample, resamples=resamples, seed=seed), [2.5, 97.5])
    return Interval(float(sample.mean()), float(low), float(high), int(sample.size))


def paired_difference(ours: Sequence[float], theirs: Sequence[float], *, seed: int = 0) -> Interval:
    """Bootstrap of the mean of `ours[i] - theirs[i]`: two systems on the same queries. ValueError if
    lengths differ.
    """
    return mean_interval([a - b for a, b in zip(ours, theirs, strict=True)], seed=seed)


def sign_flip_p(differences: Sequence[float], *, seed: int = 0) -> float:
    """Two-sided p of a mean difference of 0: the share of random signs of the differences whose mean is at
    least as far from 0 (Fisher's randomisation test of pairs).

    Exact where at most 13 differences are not 0, else from 10,000 draws; 1 where none is.
    """
    values = np.asarray([value for value in differences if value], dtype=np.float64)
    if not values.size:
        return 1.0
    least = abs(values.sum()) * (1 - 1e-9)  # equal sums may differ in their last bit
    if values.size <= EXACT:
        return float((np.abs(_every_sign(values.size) @ values) >= least).mean())
    random = np.random.default_rng(seed)
    rows = max(1, BLOCK // values.size)
    blocks = [min(rows, FLIPS - start) for start in range(0, FLIPS, rows)]
    far = sum(
        int((np.abs(random.choice((-1.0, 1.0), (block, values.size)) @ values) >= least).sum())
        for block in blocks
    )
    return (far + 1) / (FLIPS + 1)


def holm(p: Mapping[Key, float]) -> dict[Key, float]:
    """Adjusted p-values, the least first: those up to a level can be called together at that level.

    Holm's step-down procedure (1979, https://www.jstor.org/stable/4615733).
    """
    adjusted: dict[Key, float] = {}
    highest = 0.0
    for rank, key in enumerate(sorted(p, key=lambda key: p[key])):
        highest = max(highest, min(1.0, p[key] * (len(p) - rank)))
        adjusted[key] = highest
    return adjusted


def _every_sign(size: int) -> NDArray[np.float64]:
    """All combinations of signs (2**size, size)."""
    bits = (np.arange(2**size)[:, None] >> np.arange(size)) & 1
    return np.asarray(1 - 2 * bits, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Difference:
    """What a statistic is before and after, and its change with a 95% interval. For times the change is the
    ratio, `after / before`, else the difference, `after - before`.
    """

    before: float
    after: float
    change: float
    low: float
    high: float


def share_difference(before: Sequence[float], after: Sequence[float]) -> Difference:
    """Two shares of zeros and ones, by Newcombe's hybrid score interval, which holds near 0 and 1 too
    (Newcombe 1998, method 10, https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I).
    """
    first, second = _wilson(before), _wilson(after)
    change = second[1] - first[1]
    low = change - sqrt((second[1] - second[0]) ** 2 + (first[2] - first[1]) ** 2)
    high = change + sqrt((second[2] - second[1]) ** 2 + (first[1] - first[0]) ** 2)
    return Difference(first[1], second[1], change, low, high)


def mean_difference(before: Sequence[float], after: Sequence[float]) -> Difference:
    """Two means, by the percentile bootstrap (Efron 1979) of both samples."""
    first, second = (bootstrap(values, means, resamples=DIFFERENCE_RESAMPLES) for values in (before, after))
    low, high = np.percentile(second - first, [2.5, 97.5])
    old, new = float(np.mean(before)), float(np.mean(after))
    return Difference(old, new, new - old, float(low), float(high))


def median_ratio(before: Sequence[float], after: Sequence[float]) -> Difference:
    """The ratio of two medians of times above zero, by the percentile bootstrap of both samples."""
    first, second = (bootstrap(values, medians, resamples=DIFFERENCE_RESAMPLES) for values in (before, after))
    low, high = np.percentile(second / first, [2.5, 97.5])
    old, new = float(np.median(before)), float(np.median(after))
    return Difference(old, new, new / old, float(low), float(high))


def _wilson(values: Sequence[float]) -> tuple[float, float, float]:
    """Low end, share and high end of Wilson's score interval."""
    n, share = len(values), float(np.mean(values))
    middle = (share + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 / (1 + Z95**2 / n) * sqrt(share * (1 - share) / n + Z95**2 / (4 * n * n))
    return middle - half, share, middle + half


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Answers whose confidence is from `low` up to `high`: its mean, and how many were right."""

    low: float
    high: float
    confidence: float
    correct: Interval


@dataclass(frozen=True, slots=True)
class Calibration:
    """`error` is the expected calibration error, `brier` the mean squared difference of confidence and
    correctness (Brier 1950); both are 0 at best. `bins` without an answer are left out.
    """

    bins: tuple[CalibrationBin, ...]
    error: float
    brier: float


def calibration_error(
    confidences: Sequence[float] | Floats, correct: Sequence[float] | Floats, *, bins: int = 10
) -> float:
    """Expected calibration error (Naeini et al. 2015; Guo et al. 2017, arXiv:1706.04599): how far the mean
    confidence lies from the share that is right, as a mean over bins of equal width, weighted by their size.

    With few answers a bin the error is larger than it would be with many, even of perfect confidences.
    ValueError without an answer.
    """
    sure, right = _pairs(confidences, correct)
    places = _equal_bins(sure, bins)
    gaps = [abs((sure - right)[places == place].sum()) for place in np.unique(places)]
    return float(sum(gaps) / sure.size)


def calibration(
    confidences: Sequence[float] | Floats, correct: Sequence[float] | Floats, *, bins: int = 10
) -> Calibration:
    """A reliability diagram over bins of equal width from 0 to 1, with `calibration_error`.

    ValueError without an answer.
    """
    sure, right = _pairs(confidences, correct)
    places = _equal_bins(sure, bins)
    found = [
        CalibrationBin(n / bins, (n + 1) / bins, float(sure[inside].mean()), mean_interval(right[inside]))
        for n in range(bins)
        if (inside := places == n).any()
    ]
    error = calibration_error(sure, right, bins=bins)
    return Calibration(tuple(found), error, float(((sure - right) ** 2).mean()))


def _pairs(confidences: Sequence[float] | Floats, correct: Sequence[float] | Floats) -> tuple[Floats, Floats]:
    sure, right = np.asarray(confidences, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    if not sure.size or sure.size != right.size:
        raise ValueError(f"Each confidence needs an outcome; got {sure.size} and {right.size} values.")
    return sure, right


def _equal_bins(sure: Floats, bins: int) -> NDArray[np.int64]:
    return np.clip((sure * bins).astype(np.int64), 0, bins - 1)


@dataclass(frozen=True, slots=True)
class CoveragePoint:
    """Answering what is at least `threshold` sure: the share of questions that this answers, the mean loss of
    these answers, and its 95% bootstrap interval at that threshold.
    """

    coverage: float
    risk: float
    low: float
    high: float
    threshold: float


@dataclass(frozen=True, slots=True)
class CoverageRisk:
    """The curve by rising coverage. `aurc` is the mean risk over the answers, taken surest first; `best` is
    the least that any order of the same answers reaches, so that `aurc - best` is the fault of the order.
    """

    points: tuple[CoveragePoint, ...]
    aurc: float
    best: float


def coverage_risk(
    confidences: Sequence[float] | Floats,
    losses: Sequence[float] | Floats,
    *,
    total: int | None = None,
    seed: int = 0,
) -> CoverageRisk:
    """The curve of selective prediction (Geifman & El-Yaniv 2017, arXiv:1705.08500) with the area under it
    (Geifman, Uziel & El-Yaniv 2019, arXiv:1805.08206).

    Losses are from 0 to 1. Equally sure answers stand or fall together: no threshold parts them. `total` is
    the number of questions, answered or not (None: all were), so that a curve ends at the share that the
    system answers; of what it abstained from there is no risk to be known. ValueError without an answer.
    """
    sure, lost = _pairs(confidences, losses)
    order = np.argsort(-sure, kind="stable")
    sure, lost = sure[order], lost[order]
    ends = np.append(np.flatnonzero(np.diff(sure)), sure.size - 1)
    risk = _running_means(lost)[ends]
    low, high = np.nanpercentile(_resampled_risks(lost, ends, seed), [2.5, 97.5], axis=0)
    coverage = (ends + 1) / (total or sure.size)
    points = tuple(
        CoveragePoint(*map(float, row)) for row in zip(coverage, risk, low, high, sure[ends], strict=True)
    )
    shares = np.diff(ends, prepend=-1) / sure.size
    return CoverageRisk(points, float(risk @ shares), float(_running_means(np.sort(lost)).mean()))


def _running_means(values: Floats) -> Floats:
    return np.asarray(np.cumsum(values) / np.arange(1, values.size + 1), dtype=np.float64)


def _resampled_risks(lost: Floats, ends: NDArray[np.intp], seed: int) -> Floats:
    """The risk at each end in each resample (RESAMPLES, ends); NaN where it drew none of the answers."""
    random = np.random.default_rng(seed)
    weights = random.multinomial(lost.size, np.full(lost.size, 1 / lost.size), size=CURVE_RESAMPLES)
    drawn = np.cumsum(weights, axis=1)[:, ends]
    with np.errstate(invalid="ignore"):
        return np.asarray(np.cumsum(weights * lost, axis=1)[:, ends] / drawn, dtype=np.float64)
