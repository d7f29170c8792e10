"""Whether answers are right as often as they are said to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eval.stats import Interval, mean_interval


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
