"""Measures of agreement of scores with labels, for many bootstrap resamples at once.

Every function takes how often each resample holds each row (`weights` [resamples, rows]; all ones are the
rows as they are) and gives one value for each resample. Where a resample leaves a measure undefined, as
with one class only, its value is nan; nothing outside this package sees one.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Measure = Callable[[Doubles], Doubles]
"""From weights [resamples, rows] to a value for each resample."""

_BLOCK = 1024  # columns of the sign matrix of Kendall's tau held in memory at once


def pearson(scores: Doubles, labels: Doubles, weights: Doubles) -> Doubles:
    """Pearson's correlation; with labels of 0 and 1 it is the point-biserial one."""
    return _correlation(
        np.broadcast_to(scores, weights.shape), np.broadcast_to(labels, weights.shape), weights
    )


def spearman(scores: Doubles, labels: Doubles, weights: Doubles) -> Doubles:
    """Spearman's rank correlation; ties share the mean of their ranks."""
    return _correlation(_ranks(scores, weights), _ranks(labels, weights), weights)


def kendall(scores: Doubles, labels: Doubles, weights: Doubles) -> Doubles:
    """Kendall's tau-b (1945), which allows for ties; its cost grows with the square of the rows."""
    signed = np.zeros(len(weights))
    for start in range(0, len(scores), _BLOCK):
        part = slice(start, start + _BLOCK)
        signs = np.sign(scores[:, None] - scores[part]) * np.sign(labels[:, None] - labels[part])
        signed += ((weights.astype(np.float32) @ signs.astype(np.float32)) * weights[:, part]).sum(axis=1)
    rows = weights.sum(axis=1)
    pairs = rows * (rows - 1) / 2
    free = (pairs - _tied_pairs(scores, weights)) * (pairs - _tied_pairs(labels, weights))
    return _ratio(signed / 2, np.sqrt(np.maximum(free, 0)))


def auc(scores: Doubles, positive: Bools, weights: Doubles) -> Doubles:
    """Area under the ROC curve: how often a positive row scores above a negative one, ties counting half."""
    order = np.argsort(scores, kind="stable")
    starts = _first_of_ties(scores[order])
    held = weights[:, order]
    good = np.add.reduceat(held * positive[order], starts, axis=1)
    bad = np.add.reduceat(held * ~positive[order], starts, axis=1)
    below = np.cumsum(bad, axis=1) - bad / 2
    return _ratio((good * below).sum(axis=1), good.sum(axis=1) * bad.sum(axis=1))


def balanced_accuracy(said: Ints | Bools, truth: Ints | Bools, weights: Doubles) -> Doubles:
    """Mean over the classes of the share of their rows that were said to be of that class; undefined for one
    class alone.
    """
    kinds = np.unique(truth)
    if len(kinds) < 2:
        return np.full(len(weights), np.nan)
    return np.asarray(np.mean([share(said == kind, truth == kind, weights) for kind in kinds], axis=0))


def macro_f1(said: Ints, truth: Ints, weights: Doubles) -> Doubles:
    """Mean over the classes that the labels have of the harmonic mean of precision and recall."""
    found = []
    for kind in np.unique(truth):
        right = weights @ ((said == kind) & (truth == kind)).astype(float)
        named = weights @ (said == kind).astype(float) + weights @ (truth == kind).astype(float)
        found.append(_ratio(2 * right, named))
    return np.asarray(np.mean(found, axis=0))


def brier(chances: Doubles, positive: Bools, weights: Doubles) -> Doubles:
    """Mean squared difference of probability and outcome (Brier 1950), 0 to 1, lower is better."""
    return _ratio(weights @ (chances - positive) ** 2, weights.sum(axis=1))


def calibration_error(chances: Doubles, positive: Bools, bins: Ints, weights: Doubles) -> Doubles:
    """Expected calibration error (Naeini et al. 2015): the mean over the bins, by their rows, of how far the
    mean probability lies from the share of positive rows. `bins` is each row's bin.
    """
    inside = bins[:, None] == np.unique(bins)
    gaps = weights @ (inside * (chances - positive)[:, None])
    return _ratio(np.abs(gaps).sum(axis=1), weights.sum(axis=1))


def share(said: Bools, of: Bools, weights: Doubles) -> Doubles:
    """The share of the rows in `of` that are in `said`."""
    return _ratio(weights @ (said & of).astype(float), weights @ of.astype(float))


def equal_mass_bins(scores: Doubles, count: int = 10) -> Ints:
    """Each row's bin, 0 to `count` - 1: as many rows in each as ties, which stay together, allow."""
    ranks = np.searchsorted(np.sort(scores), scores, side="left")
    return np.asarray(ranks * count // len(scores), np.int64)


def _correlation(first: Doubles, second: Doubles, weights: Doubles) -> Doubles:
    total = weights.sum(axis=1, keepdims=True)
    a = first - (weights * first).sum(axis=1, keepdims=True) / total
    b = second - (weights * second).sum(axis=1, keepdims=True) / total
    spread = (weights * a * a).sum(axis=1) * (weights * b * b).sum(axis=1)
    # A constant differs from its own mean by rounding; that is no spread.
    tiny = 1e-24 * total[:, 0] ** 2 * np.maximum((first**2).max() * (second**2).max(), 1e-12)
    return _ratio((weights * a * b).sum(axis=1), np.sqrt(np.where(spread > tiny, spread, 0)))


def _ranks(values: Doubles, weights: Doubles) -> Doubles:
    """Mean ranks [resamples, rows] of `values` in each resample."""
    kinds, inverse = np.unique(values, return_inverse=True)
    held = _by_value(weights, inverse, len(kinds))
    return np.asarray((np.cumsum(held, axis=1) - (held - 1) / 2)[:, inverse])


def _tied_pairs(values: Doubles, weights: Doubles) -> Doubles:
    kinds, inverse = np.unique(values, return_inverse=True)
    held = _by_value(weights, inverse, len(kinds))
    return np.asarray((held * (held - 1) / 2).sum(axis=1))


def _by_value(weights: Doubles, inverse: NDArray[np.intp], kinds: int) -> Doubles:
    """Weights summed over rows of equal value [resamples, kinds]."""
    order = np.argsort(inverse, kind="stable")
    starts = np.searchsorted(inverse[order], np.arange(kinds))
    return np.asarray(np.add.reduceat(weights[:, order], starts, axis=1))


def _first_of_ties(ordered: Doubles) -> NDArray[np.intp]:
    return np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))


def _ratio(above: Doubles, below: Doubles) -> Doubles:
    """nan where there is nothing to divide by."""
    return np.asarray(np.divide(above, below, out=np.full(np.shape(below), np.nan), where=below > 0))
