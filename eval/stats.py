"""Means with their uncertainty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
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


def _resampled_means(sample: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    random = np.random.default_rng(seed)
    rows = max(1, BLOCK // sample.size)
    blocks = [min(rows, RESAMPLES - start) for start in range(0, RESAMPLES, rows)]
    return np.concatenate(
        [sample[random.integers(0, sample.size, (block, sample.size))].mean(axis=1) for block in blocks]
    )
