"""Selective answering: how many questions may be answered when so many answers have to be right.

The curve is eval/statistics.py's (Geifman and El-Yaniv 2017, https://arxiv.org/abs/1705.08500).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eval.statistics import CoveragePoint, CoverageRisk, coverage_risk
from lab.drawing import picture
from lab.recipes.logistic import Doubles

FEWEST = 20
"""Accuracy over fewer answers than this says too little to set a threshold by."""


@dataclass(frozen=True)
class Prediction:
    """An answer's probability and whether it was right."""

    probability: float
    correct: bool


def curve(predictions: Sequence[Prediction]) -> CoverageRisk:
    """Coverage against the share of wrong answers, the surest first."""
    return coverage_risk(
        [each.probability for each in predictions], [float(not each.correct) for each in predictions]
    )


def at_accuracy(
    predictions: Sequence[Prediction], accuracy: float, fewest: int = FEWEST
) -> CoveragePoint | None:
    """The point of most coverage whose accuracy is at least `accuracy`, over at least `fewest` answers."""
    points = _points(predictions, fewest)
    good = [point for point in points if 1 - point.risk >= accuracy]
    return good[-1] if good else None


def at_threshold(predictions: Sequence[Prediction], threshold: float) -> tuple[float, float]:
    """What answering from `threshold` on gives: the share answered, and the share of these that is right; nan
    where nothing is answered.
    """
    answered = [each.correct for each in predictions if each.probability >= threshold]
    accuracy = float(np.mean(answered)) if answered else float("nan")
    return len(answered) / max(1, len(predictions)), accuracy


def thresholds(predictions: Sequence[Prediction], accuracies: Sequence[float]) -> Doubles:
    """The least probability for each accuracy; 1 (never) where none reaches it. They rise with accuracy."""
    points = [at_accuracy(predictions, accuracy) for accuracy in accuracies]
    return np.maximum.accumulate([point.threshold if point else 1.0 for point in points])


def svg(curves: Sequence[tuple[str, Sequence[Prediction]]]) -> str:
    """A picture of accuracy (up) against coverage (right) of several sets."""
    with picture(4.8, 3.2) as drawn:
        drawn.axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="share answered", ylabel="share of answers right")
        drawn.axes.grid(alpha=0.4)
        for name, predictions in curves:
            points = _points(predictions, FEWEST)
            drawn.axes.plot([p.coverage for p in points], [1 - p.risk for p in points], label=name)
        drawn.axes.legend(loc="lower left")
    return drawn.svg


def _points(predictions: Sequence[Prediction], fewest: int) -> list[CoveragePoint]:
    """The points of at least `fewest` answers."""
    return [p for p in curve(predictions).points if round(p.coverage * len(predictions)) >= fewest]
