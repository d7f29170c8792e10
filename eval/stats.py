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
