"""Logistic regression with a ridge, and the measures that say whether its probabilities can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def predict(weights: Doubles, features: Doubles) -> Doubles:
    """Probabilities [N] of features [N,F] under weights [F+1], the intercept last."""
    return np.asarray(1 / (1 + np.exp(-np.clip(features @ weights[:-1] + weights[-1], -60, 60))))


def fit_logistic(features: Doubles, labels: Doubles, sample: Doubles, ridge: float = 1e-3) -> Doubles:
    """Weights [F+1] by Newton's method; the ridge acts on standardised features, not on the intercept."""
    mean, deviation = features.mean(0), np.maximum(features.std(0), 1e-6)
    rows = np.hstack([(features - mean) / deviation, np.ones((len(features), 1))])
    penalty = np.diag([ridge] * features.shape[1] + [1e-9])
    sample = sample / sample.sum()
    weights = np.zeros(rows.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(rows @ weights, -60, 60)))
        slope = rows.T @ (sample * (chance - labels)) + penalty @ weights
        curve = (rows * (sample * np.maximum(chance * (1 - chance), 1e-9))[:, None]).T @ rows + penalty
        move = np.linalg.solve(curve, slope)
        weights -= move
        if np.abs(move).max() < 1e-9:
            break
    raw = weights[:-1] / deviation
    return np.append(raw, weights[-1] - raw @ mean)


def fit_signed(features: Doubles, labels: Doubles, sample: Doubles, signs: Sequence[int]) -> Doubles:
    """Like `fit_logistic`, with each feature's sign known beforehand: the feature that most contradicts its
    sign is left out (weight 0), until none does.
    """
    kept = list(range(features.shape[1]))
    while True:
        weights = fit_logistic(features[:, kept], labels, sample)
        pulls = weights[:-1] * np.array([signs[i] for i in kept]) * features[:, kept].std(0)
        if not kept or pulls.min() >= 0:
            break
        kept.pop(int(np.argmin(pulls)))
    full = np.zeros(features.shape[1] + 1)
    full[[*kept, -1]] = weights
    return full


def auc(scores: Sequence[float] | Doubles, labels: Sequence[float] | Doubles | Bools) -> float:
    """Area under the ROC curve (ties count half); nan when only one class is there."""
    values, truth = np.asarray(scores, float), np.asarray(labels, bool)
    if truth.all() or not truth.any():
        return float("nan")
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    positive = int(truth.sum())
    return float((ranks[truth].sum() - positive * (positive + 1) / 2) / (positive * (len(truth) - positive)))


def balanced_accuracy(said: npt.NDArray[np.bool_], truth: npt.NDArray[np.bool_]) -> float:
    """Mean of the two classes' recalls; one class alone gives its own recall."""
    parts = [
        float((said[truth == value] == value).mean()) for value in (True, False) if (truth == value).any()
    ]
    return float(np.mean(parts))


def best_threshold(scores: Doubles, truth: npt.NDArray[np.bool_]) -> float:
    """The threshold with the best balanced accuracy: scores at or above it are said to be true."""
    choices = np.unique(np.quantile(scores, np.linspace(0.01, 0.99, 99)))
    return float(max(choices, key=lambda t: balanced_accuracy(scores >= t, truth)))


def best_balance(scores: Doubles, truth: Bools, groups: Sequence[str]) -> float:
    """The threshold with the best mean over the groups of their balanced accuracy; groups with one class
    only do not count.
    """
    names = np.array(groups)
    places = [np.flatnonzero(names == name) for name in sorted(set(groups))]
    mixed = [at for at in places if len(set(truth[at].tolist())) == 2] or [np.arange(len(truth))]
    choices = np.unique(np.quantile(scores, np.linspace(0.01, 0.99, 99)))
    return float(
        max(choices, key=lambda t: np.mean([balanced_accuracy(scores[at] >= t, truth[at]) for at in mixed]))
    )


def calibration_error(chances: Doubles, truth: Doubles, bins: int = 10) -> float:
    """Expected calibration error over equally wide bins (Guo et al. 2017)."""
    place = np.minimum((chances * bins).astype(int), bins - 1)
    gaps = [
        abs(chances[place == b].mean() - truth[place == b].mean()) * (place == b).mean()
        for b in np.unique(place)
    ]
    return float(np.sum(gaps))


@dataclass(frozen=True)
class Interval:
    """A mean with its bootstrap 95% interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


def bootstrap(values: Sequence[float], seed: int = 1, rounds: int = 1000) -> Interval:
    """The mean of `values` with its percentile bootstrap interval."""
    data = np.asarray(values, float)
    picks = np.random.default_rng(seed).integers(0, len(data), (rounds, len(data)))
    low, high = np.quantile(data[picks].mean(1), [0.025, 0.975])
    return Interval(float(data.mean()), float(low), float(high))
