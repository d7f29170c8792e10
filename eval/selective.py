"""How many questions are answered against how many of the answers are wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 500

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
    weights = random.multinomial(lost.size, np.full(lost.size, 1 / lost.size), size=RESAMPLES)
    drawn = np.cumsum(weights, axis=1)[:, ends]
    with np.errstate(invalid="ignore"):
        return np.asarray(np.cumsum(weights * lost, axis=1)[:, ends] / drawn, dtype=np.float64)
