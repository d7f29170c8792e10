"""How far two samples are apart, with an interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

_RESAMPLES = 1000
_Z = 1.959964  # of 95%

Array = NDArray[np.float64]


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


def of_shares(before: Sequence[float], after: Sequence[float]) -> Difference:
    """Two shares of zeros and ones, by Newcombe's hybrid score interval, which holds near 0 and 1 too
    (Newcombe 1998, method 10, https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I).
    """
    first, second = _wilson(before), _wilson(after)
    change = second[1] - first[1]
    low = change - sqrt((second[1] - second[0]) ** 2 + (first[2] - first[1]) ** 2)
    high = change + sqrt((second[2] - second[1]) ** 2 + (first[1] - first[0]) ** 2)
    return Difference(first[1], second[1], change, low, high)


def of_means(before: Sequence[float], after: Sequence[float]) -> Difference:
    """Two means, by the percentile bootstrap (Efron 1979) of both samples."""
    first, second = (_resampled(values, _means) for values in (before, after))
    low, high = np.percentile(second - first, [2.5, 97.5])
    means = float(np.mean(before)), float(np.mean(after))
    return Difference(*means, means[1] - means[0], float(low), float(high))


def of_medians(before: Sequence[float], after: Sequence[float]) -> Difference:
    """The ratio of two medians of times above zero, by the percentile bootstrap of both samples."""
    first, second = (_resampled(values, _medians) for values in (before, after))
    low, high = np.percentile(second / first, [2.5, 97.5])
    medians = float(np.median(before)), float(np.median(after))
    return Difference(*medians, medians[1] / medians[0], float(low), float(high))


def _wilson(values: Sequence[float]) -> tuple[float, float, float]:
    """Low end, share and high end of Wilson's score interval."""
    n, share = len(values), float(np.mean(values))
    middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * sqrt(share * (1 - share) / n + _Z**2 / (4 * n * n))
    return middle - half, share, middle + half


def _resampled(values: Sequence[float], statistic: Callable[[Array], Array]) -> Array:
    """The statistic of resamples (resamples,); the same values give the same."""
    sample = np.asarray(values, dtype=np.float64)
    random = np.random.default_rng(0)
    rows = max(1, (1 << 18) // sample.size)
    starts = range(0, _RESAMPLES, rows)
    shapes = [(min(rows, _RESAMPLES - start), sample.size) for start in starts]
    return np.concatenate([statistic(sample[random.integers(0, sample.size, shape)]) for shape in shapes])


def _means(rows: Array) -> Array:
    return np.asarray(rows.mean(axis=1), dtype=np.float64)


def _medians(rows: Array) -> Array:
    return np.asarray(np.median(rows, axis=1), dtype=np.float64)
