"""Means with their uncertainty."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Key = TypeVar("Key", bound=Hashable)

RESAMPLES = 2000
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


def mean_interval(values: Sequence[float], *, seed: int = 0) -> Interval:
    """Percentile bootstrap of the mean (Efron 1979): 2,000 resamples, the same seed the same interval.

    Raises ValueError when there is no value or one is not finite.
    """
    sample = np.asarray(values, dtype=np.float64)
    if not sample.size or not np.isfinite(sample).all():
        raise ValueError(f"A mean needs finite values; got {sample.size} values.")
    low, high = np.percentile(_resampled_means(sample, seed), [2.5, 97.5])
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


def _resampled_means(sample: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    random = np.random.default_rng(seed)
    rows = max(1, BLOCK // sample.size)
    blocks = [min(rows, RESAMPLES - start) for start in range(0, RESAMPLES, rows)]
    return np.concatenate(
        [sample[random.integers(0, sample.size, (block, sample.size))].mean(axis=1) for block in blocks]
    )


@dataclass(frozen=True, slots=True)
class Bin:
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

    bins: tuple[Bin, ...]
    error: float
    brier: float


def calibration(confidences: Sequence[float], correct: Sequence[float], *, bins: int = 10) -> Calibration:
    """A reliability diagram with its expected calibration error (Naeini et al. 2015; Guo et al. 2017,
    arXiv:1706.04599), over bins of equal width from 0 to 1.

    With few answers a bin the error is larger than it would be with many, even of perfect confidences.
    ValueError without an answer.
    """
    sure, right = np.asarray(confidences, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    if not sure.size or sure.size != right.size:
        raise ValueError(f"Calibration needs pairs; got {sure.size} and {right.size} values.")
    places = np.clip((sure * bins).astype(int), 0, bins - 1)
    found = [
        Bin(n / bins, (n + 1) / bins, float(sure[inside].mean()), mean_interval(right[inside].tolist()))
        for n in range(bins)
        if (inside := places == n).any()
    ]
    error = sum(abs(one.confidence - one.correct.mean) * one.correct.n for one in found) / sure.size
    return Calibration(tuple(found), float(error), float(((sure - right) ** 2).mean()))


CURVE_RESAMPLES = 500

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Point:
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

    points: tuple[Point, ...]
    aurc: float
    best: float


def coverage_risk(
    confidences: Sequence[float], losses: Sequence[float], *, total: int | None = None, seed: int = 0
) -> CoverageRisk:
    """The curve of selective prediction (Geifman & El-Yaniv 2017, arXiv:1705.08500) with the area under it
    (Geifman, Uziel & El-Yaniv 2019, arXiv:1805.08206).

    Losses are from 0 to 1. Equally sure answers stand or fall together: no threshold parts them. `total` is
    the number of questions, answered or not (None: all were), so that a curve ends at the share that the
    system answers; of what it abstained from there is no risk to be known. ValueError without an answer.
    """
    sure, lost = np.asarray(confidences, dtype=np.float64), np.asarray(losses, dtype=np.float64)
    if not sure.size or sure.size != lost.size:
        raise ValueError(f"A curve needs a loss for each confidence; got {lost.size} for {sure.size}.")
    order = np.argsort(-sure, kind="stable")
    sure, lost = sure[order], lost[order]
    ends = np.append(np.flatnonzero(np.diff(sure)), sure.size - 1)
    risk = _running_means(lost)[ends]
    low, high = np.nanpercentile(_resampled(lost, ends, seed), [2.5, 97.5], axis=0)
    coverage = (ends + 1) / (total or sure.size)
    points = tuple(Point(*map(float, row)) for row in zip(coverage, risk, low, high, sure[ends], strict=True))
    shares = np.diff(ends, prepend=-1) / sure.size
    return CoverageRisk(points, float(risk @ shares), float(_running_means(np.sort(lost)).mean()))


def _running_means(values: Floats) -> Floats:
    return np.asarray(np.cumsum(values) / np.arange(1, values.size + 1), dtype=np.float64)


def _resampled(lost: Floats, ends: NDArray[np.intp], seed: int) -> Floats:
    """The risk at each end in each resample (RESAMPLES, ends); NaN where it drew none of the answers."""
    random = np.random.default_rng(seed)
    weights = random.multinomial(lost.size, np.full(lost.size, 1 / lost.size), size=CURVE_RESAMPLES)
    drawn = np.cumsum(weights, axis=1)[:, ends]
    with np.errstate(invalid="ignore"):
        return np.asarray(np.cumsum(weights * lost, axis=1)[:, ends] / drawn, dtype=np.float64)
