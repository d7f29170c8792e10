"""Selective answering: how many questions may be answered when so many answers have to be right.

The curve is eval/statistics.py's (Geifman and El-Yaniv 2017, https://arxiv.org/abs/1705.08500).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from eval.statistics import CoverageRisk, Point, coverage_risk
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


def at_accuracy(predictions: Sequence[Prediction], accuracy: float, fewest: int = FEWEST) -> Point | None:
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


def draw(curves: Sequence[tuple[str, Sequence[Prediction]]], path: Path) -> None:
    """Draw accuracy (up) against coverage (right) of several sets, in the format that the path ends in."""
    figure = Figure(figsize=(4.8, 3.2), layout="constrained")
    axes = figure.add_subplot(xlim=(0, 1), ylim=(0, 1))
    axes.set(xlabel="share answered", ylabel="share of answers right")
    axes.grid(alpha=0.4)
    for name, predictions in curves:
        points = _points(predictions, FEWEST)
        axes.plot([p.coverage for p in points], [1 - p.risk for p in points], label=name)
    axes.legend(loc="lower left")
    figure.savefig(path)


def _points(predictions: Sequence[Prediction], fewest: int) -> list[Point]:
    """The points of at least `fewest` answers."""
    return [p for p in curve(predictions).points if round(p.coverage * len(predictions)) >= fewest]
