"""Recall against tokens retrieved, as one small SVG picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

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
