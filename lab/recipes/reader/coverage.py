"""Selective answering: how many questions may be answered when so many answers have to be right.

Coverage, risk and their area (AURC) after Geifman and El-Yaniv 2017 (https://arxiv.org/abs/1705.08500).
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from lab.recipes.logistic import Doubles, calibration_error
from rag.text.sentences import evidence_sentences

FEWEST = 20
"""Accuracy over fewer answers than this says too little to set a threshold by."""


@dataclass(frozen=True)
class Judged:
    """An answer's probability and whether it was right."""

    chance: float
    right: bool


@dataclass(frozen=True)
class Point:
    """Answering only from probability `threshold` on: the share answered, and the share of these right."""

    threshold: float
    coverage: float
    accuracy: float


def curve(judged: Sequence[Judged]) -> list[Point]:
    """One point for each number of answers given, the surest first."""
    ordered = sorted(judged, key=lambda item: -item.chance)
    rights = np.cumsum([item.right for item in ordered])
    return [
        Point(item.chance, n / len(ordered), float(rights[n - 1] / n)) for n, item in enumerate(ordered, 1)
    ]


def aurc(judged: Sequence[Judged]) -> float:
    """Area under the risk-coverage curve: the mean risk over all coverages; lower is better."""
    return float(np.mean([1 - point.accuracy for point in curve(judged)]))


def best_aurc(judged: Sequence[Judged]) -> float:
    """The area if every right answer were surer than every wrong one; no order of these answers has less."""
    return aurc([Judged(float(item.right), item.right) for item in judged])


def at_accuracy(judged: Sequence[Judged], accuracy: float, fewest: int = FEWEST) -> Point | None:
    """The point of most coverage whose accuracy is at least `accuracy`, over at least `fewest` answers."""
    points = curve(judged)[fewest - 1 :]
    good = [point for point in points if point.accuracy >= accuracy]
    return good[-1] if good else None


def at_threshold(judged: Sequence[Judged], threshold: float) -> Point:
    """What answering from `threshold` on gives; accuracy is nan where nothing is answered."""
    answered = [item.right for item in judged if item.chance >= threshold]
    accuracy = float(np.mean(answered)) if answered else float("nan")
    return Point(threshold, len(answered) / max(1, len(judged)), accuracy)


def thresholds(judged: Sequence[Judged], accuracies: Sequence[float]) -> Doubles:
    """The least probability for each accuracy; 1 (never) where none reaches it. They rise with accuracy."""
    found = [at_accuracy(judged, accuracy) for accuracy in accuracies]
    return np.maximum.accumulate([point.threshold if point else 1.0 for point in found])


def expected_error(judged: Sequence[Judged]) -> float:
    """Expected calibration error of the answers' probabilities (ten bins)."""
    return calibration_error(
        np.array([item.chance for item in judged]), np.array([item.right for item in judged], float)
    )


def svg(curves: Sequence[tuple[str, Sequence[Judged]]], width: int = 480, height: int = 320) -> str:
    """Accuracy (up, from 0 to 1) against coverage (right) of several sets, as one small SVG picture."""
    colours = ("#1f6feb", "#d1495b", "#2e8b57", "#8a6d3b")
    left, top, right, bottom = 48, 12, width - 12, height - 40

    def place(point: Point) -> str:
        x = left + point.coverage * (right - left)
        return f"{x:.1f},{bottom - point.accuracy * (bottom - top):.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        'font-size="11">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        *(_tick(value, left, top, right, bottom) for value in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)),
        f'<text x="{(left + right) / 2}" y="{height - 6}" text-anchor="middle">share answered</text>',
        f'<text x="12" y="{(top + bottom) / 2}" text-anchor="middle" '
        f'transform="rotate(-90 12 {(top + bottom) / 2})">share of answers right</text>',
    ]
    for (name, judged), colour, row in zip(curves, colours, range(len(curves)), strict=False):
        points = " ".join(place(p) for p in curve(judged)[FEWEST - 1 :])
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        y = bottom - 12 - 14 * row
        parts.append(f'<text x="{left + 8}" y="{y}" fill="{colour}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _tick(value: float, left: int, top: int, right: int, bottom: int) -> str:
    x, y = left + value * (right - left), bottom - value * (bottom - top)
    return (
        f'<line x1="{left}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#ddd"/>'
        f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.1f}</text>'
        f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{value:.1f}</text>'
    )


def normalise(answer: str) -> list[str]:
    """Lower-case words without punctuation and articles (Rajpurkar et al. 2016)."""
    bare = "".join(" " if c in string.punctuation else c for c in answer.lower())
    return [w for w in re.sub(r"\b(a|an|the)\b", " ", bare).split() if w]


def f1(said: str, gold: str) -> float:
    """Token F1 of two answers; two empty ones agree."""
    ours, theirs = Counter(normalise(said)), Counter(normalise(gold))
    if not ours or not theirs:
        return float(ours == theirs)
    shared = sum((ours & theirs).values())
    return 2 * shared / (sum(ours.values()) + sum(theirs.values()))


def best_f1(said: str, golds: Sequence[str]) -> float:
    """The best F1 over several right answers; with none, only silence is right."""
    return max((f1(said, gold) for gold in golds), default=float(not normalise(said)))


def exact(said: str, golds: Sequence[str]) -> float:
    """1 when the answer equals one of the right ones after normalisation."""
    return float(any(normalise(said) == normalise(gold) for gold in golds))


def first_sentence(passage: str) -> str:
    """The trivial reader: whatever is asked, the passage's first sentence."""
    start, end = evidence_sentences(passage)[0]
    return passage[start:end]
