"""Where to cut a score: always learned on other rows than those it is judged by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from eval.agreement.statistics import Bools, Doubles

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
