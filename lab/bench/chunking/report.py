"""What a comparison of ways to split found: means, and differences at the same number of tokens retrieved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from itertools import pairwise
from typing import Literal

import numpy as np

from eval.output import table
from eval.statistics import Interval, mean_interval, paired_difference
from lab.bench.chunking.scores import Scores

Way = Literal[
    "footnote",
    "footnote-bare",
    "footnote-markdown",
    "fixed",
    "fixed-overlap",
    "recursive",
    "recursive-overlap",
]
Stage = Literal["dense", "fused", "late", "reader"]


@dataclass(frozen=True, slots=True)
class Sample:
    """One way at one size: of each question its scores, at one stage."""

    way: Way
    size: int
    stage: Stage
    chunks: int
    chunk_tokens: float
    scores: tuple[Scores, ...]

    def mean(self, measure: str) -> float:
        """Over all questions."""
        return float(np.mean(self.values(measure)))

    def values(self, measure: str) -> list[float]:
        """Question by question."""
        return [float(getattr(one, measure)) for one in self.scores]


@dataclass(frozen=True, slots=True)
class Against:
    """Ours at one size less another way at the same number of tokens retrieved, question by question."""

    size: int
    way: Way
    stage: Stage
    tokens: float
    recall: Interval
    iou: Interval


def against(mine: Sample, others: Sequence[Sample]) -> Against | None:
    """The other way's values at our number of tokens lie between those of its two nearest sizes; None where
    it has none on both sides.
    """
    at = mine.mean("tokens")
    ordered = sorted(others, key=lambda one: one.mean("tokens"))
    for low, high in pairwise(ordered):
        start, end = low.mean("tokens"), high.mean("tokens")
        if start <= at <= end:
            share = (at - start) / (end - start)
            recall, iou = (_between(low, high, share, name) for name in ("recall", "iou"))
            return Against(
                mine.size,
                low.way,
                mine.stage,
                at,
                paired_difference(mine.values("recall"), recall),
                paired_difference(mine.values("iou"), iou),
            )
    return None


def _between(low: Sample, high: Sample, share: float, measure: str) -> list[float]:
    pairs = zip(low.values(measure), high.values(measure), strict=True)
    return [(1 - share) * a + share * b for a, b in pairs]


def compared(samples: Sequence[Sample]) -> list[Against]:
    """Every one of ours against every other way, stage by stage."""
    found = []
    for mine in samples:
        if mine.way != "footnote":
            continue
        for way in dict.fromkeys(one.way for one in samples if one.way != "footnote"):
            others = [one for one in samples if one.way == way and one.stage == mine.stage]
            found.append(against(mine, others))
    return [one for one in found if one is not None]


def markdown(samples: Sequence[Sample], differences: Sequence[Against]) -> str:
    """Every sample, and ours less the others."""
    header = [
        "way",
        "size",
        "stage",
        "chunks",
        "tokens each",
        "recall",
        "precision",
        "IoU",
        "tokens retrieved",
    ]
    rows = [
        [
            one.way,
            str(one.size),
            one.stage,
            str(one.chunks),
            f"{one.chunk_tokens:.0f}",
            *(f"{one.mean(name):.3f}" for name in ("recall", "precision", "iou")),
            f"{one.mean('tokens'):.0f}",
        ]
        for one in samples
    ]
    less = [
        [str(one.size), one.stage, one.way, f"{one.tokens:.0f}", _signed(one.recall), _signed(one.iou)]
        for one in differences
    ]
    lines = [table(header, rows)]
    if less:
        lines.append(table(["size", "stage", "less", "at tokens", "recall", "IoU"], less))
    return "\n\n".join(lines)


def _signed(found: Interval) -> str:
    return f"{found.mean:+.3f} ({found.low:+.3f} – {found.high:+.3f})"


def lines_of(samples: Sequence[Sample], stage: Stage) -> list[Line]:
    """Recall against tokens retrieved, a line for each way."""
    found = []
    for way in dict.fromkeys(one.way for one in samples):
        own = [one for one in samples if one.way == way and one.stage == stage]
        points = sorted((one.mean("tokens"), one.mean("recall")) for one in own)
        found.append(Line(way, tuple(points)))
    return found


def as_object(sample: Sample) -> dict[str, object]:
    """For JSON: means with their intervals."""
    means = {
        name: asdict(mean_interval(sample.values(name))) for name in ("recall", "precision", "iou", "tokens")
    }
    plain = {"way": sample.way, "size": sample.size, "stage": sample.stage, "chunks": sample.chunks}
    return {**plain, "chunk_tokens": sample.chunk_tokens, **means}


_COLOURS = ("#1f6feb", "#d1495b", "#2e8b57", "#8a6d3b", "#7048a8", "#b8860b", "#555555")
_WIDTH, _HEIGHT = 560, 360
_LEFT, _TOP, _RIGHT, _BOTTOM = 48, 12, _WIDTH - 12, _HEIGHT - 40


@dataclass(frozen=True, slots=True)
class Line:
    """A named curve: (tokens, recall) by rising tokens."""

    name: str
    points: tuple[tuple[float, float], ...]


def draw(lines: Sequence[Line]) -> str:
    """The picture; its axes end at round numbers around the points."""
    most = 200.0 * -(-max(x for line in lines for x, _ in line.points) // 200)
    least = min(0.9, int(10 * min(y for line in lines for _, y in line.points)) / 10)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        'font-size="11">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        *_grid(most, least),
        f'<text x="{(_LEFT + _RIGHT) / 2}" y="{_HEIGHT - 6}" text-anchor="middle">tokens retrieved</text>',
        f'<text x="12" y="{(_TOP + _BOTTOM) / 2}" text-anchor="middle" '
        f'transform="rotate(-90 12 {(_TOP + _BOTTOM) / 2})">token recall of the evidence</text>',
    ]
    for row, (line, colour) in enumerate(zip(lines, _COLOURS, strict=False)):
        places = [_place(x, y, most, least) for x, y in line.points]
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in places]
        low = _BOTTOM - 12 - 14 * (len(lines) - 1 - row)
        parts.append(
            f'<text x="{_RIGHT - 8}" y="{low}" text-anchor="end" fill="{colour}">{escape(line.name)}</text>'
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


def _place(x: float, y: float, most: float, least: float) -> tuple[float, float]:
    across = _LEFT + x / most * (_RIGHT - _LEFT)
    return across, _BOTTOM - (y - least) / (1 - least) * (_BOTTOM - _TOP)


def _grid(most: float, least: float) -> list[str]:
    marks = []
    for n in range(round(10 * least), 11):
        _, y = _place(0, n / 10, most, least)
        marks.append(
            f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{_RIGHT}" y2="{y:.1f}" stroke="#ddd"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{n / 10:.1f}</text>'
        )
    for n in range(0, round(most) + 1, 200):
        x, _ = _place(n, least, most, least)
        marks.append(f'<text x="{x:.1f}" y="{_BOTTOM + 16}" text-anchor="middle">{n}</text>')
    return marks
