"""Measures of agreement of scores with labels, for many bootstrap resamples at once.

Every function takes how often each resample holds each row (`weights` [resamples, rows]; all ones are the
rows as they are) and gives one value for each resample. Where a resample leaves a measure undefined, as
with one class only, its value is nan; nothing outside this package sees one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from eval.statistics import Interval

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


RESAMPLES = 2000
_CELLS = 1 << 21  # weights held in memory at once
_FEWEST_DEFINED = 0.5
LEANING = ("ece",)
"""A mean of distances grows with noise, in the rows and again in each resample; its interval is the basic
one, the percentiles mirrored at the value (Davison and Hinkley 1997), from 0 on.
"""


class Bootstrap:
    """Percentile intervals over groups drawn with replacement (Field and Welsh 2007); the same seed, the same
    resamples, so that two measures can be compared resample by resample.

    `groups` names each row's group; rows that stand alone have a name of their own.
    """

    def __init__(self, groups: Sequence[str], *, seed: int = 0, resamples: int = RESAMPLES) -> None:
        _, self._group = np.unique(np.asarray(groups), return_inverse=True)
        self.rows, self.groups = len(groups), len(set(groups))
        self._seed, self._resamples = seed, resamples

    def intervals(self, measures: Mapping[str, Measure]) -> dict[str, Interval | None]:
        """Each measure of the rows as they are, with its 95% interval; None where it is undefined there, or
        in more than half of the resamples (those are left out otherwise).
        """
        whole = np.ones((1, self.rows))
        drawn: dict[str, list[Doubles]] = {name: [] for name in measures}
        for block in self._weights():
            for name, measure in measures.items():
                drawn[name].append(measure(block))
        return {
            name: self._interval(float(measure(whole)[0]), np.concatenate(drawn[name]), name in LEANING)
            for name, measure in measures.items()
        }

    def _interval(self, value: float, drawn: Doubles, leaning: bool) -> Interval | None:
        drawn = drawn[np.isfinite(drawn)]
        if not np.isfinite(value) or len(drawn) < _FEWEST_DEFINED * self._resamples:
            return None
        low, high = np.percentile(drawn, [2.5, 97.5])
        if leaning:
            low, high = max(0.0, 2 * value - high), max(0.0, 2 * value - low)
        return Interval(value, float(low), float(high), self.rows)

    def _weights(self) -> Iterator[Doubles]:
        """How often each resample holds each row, in blocks [some resamples, rows]."""
        random = np.random.default_rng(self._seed)
        at_once = max(1, _CELLS // max(self.rows, self.groups))
        for start in range(0, self._resamples, at_once):
            size = (min(at_once, self._resamples - start), self.groups)
            picks = random.integers(0, self.groups, size) + np.arange(size[0])[:, None] * self.groups
            counts = np.bincount(picks.ravel(), minlength=size[0] * self.groups).reshape(size)
            yield counts[:, self._group].astype(np.float64)


FOLDS = 5


def best_threshold(scores: Doubles, positive: Bools) -> float:
    """The cut with the best balanced accuracy over these rows, half-way between two scores; the middle one of
    several that are equally good. Rows at or above it are said to be positive.
    """
    values = np.unique(scores)
    cuts = np.concatenate([[values[0]], (values[1:] + values[:-1]) / 2])
    good, bad = np.sort(scores[positive]), np.sort(scores[~positive])
    kept = 1 - np.searchsorted(good, cuts, side="left") / max(len(good), 1)
    refused = np.searchsorted(bad, cuts, side="left") / max(len(bad), 1)
    best = np.flatnonzero(np.isclose(kept + refused, (kept + refused).max()))
    return float(cuts[best[len(best) // 2]])


def cross_fitted(scores: Doubles, positive: Bools, groups: Sequence[str], *, seed: int = 0) -> Bools:
    """What each row is said to be by the threshold that is best on the other folds; a group's rows stay in
    one fold. Raises ValueError for fewer than two groups.
    """
    names = sorted(set(groups))
    if len(names) < 2:
        raise ValueError("A threshold is learned on other groups than it is used on; there is only one.")
    order = np.random.default_rng(seed).permutation(len(names))
    fold_of = {names[place]: n % FOLDS for n, place in enumerate(order)}
    folds = np.array([fold_of[group] for group in groups])
    said = np.zeros(len(scores), bool)
    for fold in np.unique(folds):
        here, others = folds == fold, folds != fold
        said[here] = scores[here] >= best_threshold(scores[others], positive[others])
    return said
