"""Small pictures as SVG, drawn by hand: lines on logarithmic or linear axes, stacked bars, bars of ratios.

Text follows the page's colour, lines have colours that also differ in lightness (Okabe and Ito 2008), and a
dashed line is a baseline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

COLOURS = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#e69f00",
    "#555555",
    "#8c564b",
    "#9467bd",
    "#a8c256",
    "#17365d",
)
WIDTH = 640
_ROW, _TOP = 22, 34


@dataclass(frozen=True, slots=True)
class Line:
    """Points (x, y) by rising x; `colour` is a place in COLOURS."""

    name: str
    points: tuple[tuple[float, float], ...]
    colour: int
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """A row: its parts, one after the other, by name."""

    name: str
    parts: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Ratio:
    """A row: the median, the least and the largest."""

    name: str
    median: float
    low: float
    high: float
    good: bool


@dataclass(frozen=True, slots=True)
class _Scale:
    """From a value to a place between two ends, by logarithm or linearly."""

    least: float
    most: float
    start: float
    end: float
    log: bool

    def __call__(self, value: float) -> float:
        low, high, now = self.least, self.most, value
        if self.log:
            low, high, now = log10(low), log10(high), log10(max(value, self.least))
        return self.start + (now - low) / (high - low or 1.0) * (self.end - self.start)


def lines(title: str, across: str, up: str, drawn: Sequence[Line], *, log_x: bool, log_y: bool) -> str:
    """Curves with their names below; every x that occurs is marked."""
    xs = sorted({x for line in drawn for x, _ in line.points})
    ys = [y for line in drawn for _, y in line.points]
    bottom = 300
    x_at = _Scale(xs[0], xs[-1], 70, WIDTH - 36, log_x)
    low, high, marks = _marks(min(ys), max(ys), log_y)
    y_at = _Scale(low, high, bottom, _TOP, log_y)
    parts = [_heading(title)]
    for mark in marks:
        parts.append(_rule(70, y_at(mark), WIDTH - 36, y_at(mark)))
        parts.append(_text(64, y_at(mark) + 4, _short(mark), "end"))
    parts += [_text(x_at(x), bottom + 18, _short(x), "middle") for x in xs]
    parts.append(_text((70 + WIDTH - 36) / 2, bottom + 36, across, "middle"))
    middle = (bottom + _TOP) / 2
    parts.append(_text(16, middle, up, "middle", f' transform="rotate(-90 16 {middle:.0f})"'))
    for line in drawn:
        parts += _curve([(x_at(x), y_at(y)) for x, y in line.points], line)
    legend = [(line.name, COLOURS[line.colour % len(COLOURS)], line.dashed) for line in drawn]
    drawn_legend, height = _legend(legend, bottom + 52)
    return _whole([*parts, *drawn_legend], height)


def stacked(title: str, unit: str, bars: Sequence[Bar]) -> str:
    """Rows of parts, one colour for each name, with the sum at the end."""
    names = list(dict.fromkeys(name for bar in bars for name, _ in bar.parts))
    colour = {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(names)}
    most = max(sum(value for _, value in bar.parts) for bar in bars)
    at = _Scale(0.0, most, 210, WIDTH - 100, log=False)
    parts = [_heading(title)]
    for row, bar in enumerate(bars):
        y, x = float(_TOP + row * _ROW), 0.0
        parts.append(_text(202, y + 13, bar.name, "end"))
        for name, value in bar.parts:
            wide = max(0.0, at(x + value) - at(x))
            parts.append(
                f'<rect x="{at(x):.1f}" y="{y:.0f}" width="{wide:.1f}" height="{_ROW - 6}"'
                f' fill="{colour[name]}"><title>{escape(name)}: {value:.2f} {escape(unit)}</title></rect>'
            )
            x += value
        parts.append(_text(at(x) + 6, y + 13, f"{_short(round(x, 1))} {unit}", "start"))
    legend, height = _legend([(name, colour[name], False) for name in names], _TOP + len(bars) * _ROW + 12)
    return _whole([*parts, *legend], height)


def ratios(title: str, rows: Sequence[Ratio]) -> str:
    """A bar from 1 to the median on a logarithmic axis, with the range over the repeats across it."""
    least = min(0.5, *(row.low for row in rows))
    most = max(2.0, *(row.high for row in rows))
    low, high, marks = _marks(least, most, True)
    at = _Scale(low, high, 330, WIDTH - 50, log=True)
    bottom = _TOP + len(rows) * _ROW
    parts = [_heading(title)]
    for mark in marks:
        parts.append(_rule(at(mark), _TOP - 4, at(mark), bottom))
        parts.append(_text(at(mark), bottom + 14, _short(mark), "middle"))
    for place, row in enumerate(rows):
        y = _TOP + place * _ROW
        left, right = sorted((at(1.0), at(row.median)))
        parts.append(_text(324, y + 13, row.name, "end"))
        parts.append(
            f'<rect x="{left:.1f}" y="{y + 2}" width="{max(1.0, right - left):.1f}" height="{_ROW - 9}"'
            f' fill="{COLOURS[0] if row.good else COLOURS[1]}"/>'
        )
        middle = y + 2 + (_ROW - 9) / 2
        parts.append(
            f'<line x1="{at(row.low):.1f}" y1="{middle}" x2="{at(row.high):.1f}" y2="{middle}"'
            ' stroke="currentColor"/>'
        )
        parts.append(_text(max(right, at(row.high)) + 5, y + 13, f"{row.median:.2f}", "start"))
    parts.append(
        f'<line x1="{at(1.0):.1f}" y1="{_TOP - 4}" x2="{at(1.0):.1f}" y2="{bottom}" stroke="currentColor"/>'
    )
    return _whole(parts, bottom + 24)


def _curve(places: Sequence[tuple[float, float]], line: Line) -> list[str]:
    colour = COLOURS[line.colour % len(COLOURS)]
    dash = ' stroke-dasharray="5 4"' if line.dashed else ""
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return [
        f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="1.8"{dash}/>',
        *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.8" fill="{colour}"/>' for x, y in places),
    ]


def _marks(least: float, most: float, log: bool) -> tuple[float, float, list[float]]:
    """The ends of an axis and the round numbers on it."""
    if not log:
        step = 10.0 ** floor(log10(most or 1.0))
        step = next(step * part for part in (0.1, 0.2, 0.5, 1.0, 2.0) if most / (step * part) <= 6)
        count = ceil(most / step)
        return 0.0, step * count, [step * n for n in range(count + 1)]
    steps = [part * 10.0**power for power in range(-4, 7) for part in (1, 2, 5)]
    low = max((step for step in steps if step <= least), default=steps[0])
    high = min((step for step in steps if step >= most and step > low), default=steps[-1])
    inside = [step for step in steps if low <= step <= high]
    if len(inside) > 8:
        inside = [step for step in inside if f"{step:e}".startswith("1.0")]
    return low, high, inside


def _legend(entries: Sequence[tuple[str, str, bool]], top: float) -> tuple[list[str], float]:
    parts, x, y = [], 70.0, top
    for name, colour, dashed in entries:
        wide = 40 + 6.2 * len(name)
        if x + wide > WIDTH and x > 70:
            x, y = 70.0, y + 18
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        parts.append(
            f'<line x1="{x}" y1="{y}" x2="{x + 22}" y2="{y}" stroke="{colour}" stroke-width="4"{dash}/>'
        )
        parts.append(_text(x + 28, y + 4, name, "start"))
        x += wide
    return parts, y + 16


def _heading(title: str) -> str:
    return f'<text x="8" y="18" font-size="14" font-weight="bold" fill="currentColor">{escape(title)}</text>'


def _text(x: float, y: float, words: str, anchor: str, more: str = "") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} fill="currentColor"{more}>{escape(words)}</text>'


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#8884"/>'


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:g}"


def _whole(parts: Sequence[str], height: float) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img"'
        ' font-family="system-ui, sans-serif" font-size="12" color="#222">'
    )
    ground = f'<rect width="{WIDTH}" height="{height:.0f}" fill="white"/>'
    return "\n".join([head, ground, *parts, "</svg>"]) + "\n"
