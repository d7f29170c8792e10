"""Logistic regression by scikit-learn, as the weights that config.json holds, and thresholds of scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def predict(weights: Doubles, features: Doubles) -> Doubles:
    """Probabilities [N] of features [N,F] under weights [F+1], the intercept last."""
    return np.asarray(1 / (1 + np.exp(-np.clip(features @ weights[:-1] + weights[-1], -60, 60))))


def fit_logistic(features: Doubles, labels: Doubles, sample: Doubles, ridge: float = 1e-3) -> Doubles:
    """Weights [F+1] from features [N,F], labels [N] of 0 and 1 and the rows' weights `sample` [N].

    The ridge acts on standardised features, not on the intercept. Raises ValueError where all labels are one.
    """
    scaler = StandardScaler().fit(features)
    model = LogisticRegression(C=1 / ridge, solver="newton-cholesky", tol=1e-8)
    model.fit(scaler.transform(features), labels, sample_weight=sample / sample.sum())
    raw = np.asarray(model.coef_[0] / scaler.scale_, np.float64)
    return np.append(raw, model.intercept_[0] - raw @ scaler.mean_)


def fit_signed(
    features: Doubles, labels: Doubles, sample: Doubles, signs: Sequence[int], ridge: float = 1e-3
) -> Doubles:
    """Like `fit_logistic`, with each feature's sign known beforehand: the feature that most contradicts its
    sign is left out (weight 0), until none does. scikit-learn has no bounds on signs, hence the loop.

    Raises ValueError where no feature pulls the way its sign says.
    """
    kept = list(range(features.shape[1]))
    while kept:
        weights = fit_logistic(features[:, kept], labels, sample, ridge)
        pulls = weights[:-1] * np.array([signs[i] for i in kept]) * features[:, kept].std(0)
        if pulls.min() >= 0:
            full = np.zeros(features.shape[1] + 1)
            full[[*kept, -1]] = weights
            return full
        kept.pop(int(np.argmin(pulls)))
    raise ValueError("no feature pulls the way its sign says")


def auc(scores: Doubles, truth: Bools) -> float:
    """Area under the ROC curve (ties count half); nan when only one class is there."""
    return float(roc_auc_score(truth, scores)) if 0 < truth.sum() < len(truth) else float("nan")


def best_balance(scores: Doubles, truth: Bools, groups: Sequence[str]) -> float:
    """The threshold with the best mean over the groups of their balanced accuracy; groups with one class
    only do not count.

    Counted here for all thresholds at once: a call of scikit-learn for each is a thousand times slower.
    """
    names = np.array(groups)
    places = [np.flatnonzero(names == name) for name in sorted(set(groups))]
    mixed = [at for at in places if len(set(truth[at].tolist())) == 2] or [np.arange(len(truth))]
    choices = np.unique(np.quantile(scores, np.linspace(0.01, 0.99, 99)))
    balances = [_balances(scores[at, None] >= choices, truth[at]) for at in mixed]
    return float(choices[int(np.mean(balances, axis=0).argmax())])


def _balances(positive: Bools, truth: Bools) -> Doubles:
    """The balanced accuracy of each column of decisions [N,C]; one class alone gives its own recall."""
    recalls = [(positive[truth == value] == value).mean(axis=0) for value in (True, False) if value in truth]
    return np.asarray(np.mean(recalls, axis=0))
