"""Agreement as one self-contained SVG: how well each metric orders the rows, and how far its scores can be
read as probabilities.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from eval.agreement.found import Agreement, Bin, Rating, SetAgreement
from eval.stats import Interval

_COLOURS = ("#1f6feb", "#d1495b", "#2e8b57", "#7048a8", "#b8860b", "#00838f", "#8a6d3b")
_BASELINE = "#777777"
_NAMES, _BARS, _SQUARE, _ROW = 250, 300, 130, 18
_WIDTH = _NAMES + _BARS + _SQUARE + 70


def draw(found: Agreement) -> str:
    """One panel a set, below each other: on the left each metric's ranking with its interval, on the right
    the reliability of those that are no baselines: share of positive rows against mean score.
    """
    top, panels = 0, []
    for one in found.sets:
        height = _height(one)
        panels += [f'<g transform="translate(0 {top})">', *_panel(one, height), "</g>"]
        top += height
    size = f'viewBox="0 0 {_WIDTH} {top}" width="{_WIDTH}" height="{top}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">'
    return (
        "\n".join([head, f'<rect width="{_WIDTH}" height="{top}" fill="white"/>', *panels, "</svg>"]) + "\n"
    )


def _height(one: SetAgreement) -> int:
    return 44 + max(len(one.ratings) * _ROW + 26, 0 if one.graded else _SQUARE + 34)


def _panel(one: SetAgreement, height: int) -> Iterator[str]:
    title = "Spearman's correlation" if one.graded else "AUC"
    yield f'<text x="10" y="22" font-size="13" font-weight="bold">{escape(one.name)}</text>'
    yield f'<text x="{_NAMES}" y="22" fill="#555">{title}, 95% interval</text>'
    least = 0.0 if one.graded else 0.4
    bottom = 40 + len(one.ratings) * _ROW
    for n in range(round(10 * least), 11, 2 if one.graded else 1):
        x = _across(n / 10, least)
        yield f'<line x1="{x:.1f}" y1="32" x2="{x:.1f}" y2="{bottom}" stroke="#ddd"/>'
        yield f'<text x="{x:.1f}" y="{bottom + 14}" text-anchor="middle" fill="#555">{n / 10:.1f}</text>'
    for n, (rating, colour) in enumerate(_coloured(one)):
        yield from _whisker(rating, rating.values.get(one.measure), 46 + n * _ROW, colour, least)
    if not one.graded:
        yield from _reliability(one, _WIDTH - _SQUARE - 20, 32)


def _coloured(one: SetAgreement) -> Iterator[tuple[Rating, str]]:
    colours = iter(_COLOURS * (1 + len(one.ratings) // len(_COLOURS)))
    for rating in one.ratings:
        yield rating, _BASELINE if rating.kind == "baseline" else next(colours)


def _across(value: float, least: float) -> float:
    return _NAMES + max(0.0, (value - least) / (1 - least)) * (_BARS - 20)


def _whisker(rating: Rating, found: Interval | None, y: int, colour: str, least: float) -> Iterator[str]:
    at = f'x="{_NAMES - 10}" y="{y + 4}" text-anchor="end" fill="{colour}"'
    yield f"<text {at}>{escape(rating.name)}</text>"
    if found is None:
        return
    low, value, high = (_across(x, least) for x in (found.low, found.mean, found.high))
    yield f'<line x1="{low:.1f}" y1="{y}" x2="{high:.1f}" y2="{y}" stroke="{colour}" stroke-width="2"/>'
    yield f'<circle cx="{value:.1f}" cy="{y}" r="4" fill="{colour}"/>'


def _reliability(one: SetAgreement, left: int, top: int) -> Iterator[str]:
    size, bottom = _SQUARE, top + _SQUARE
    yield f'<rect x="{left}" y="{top}" width="{size}" height="{size}" fill="none" stroke="#ccc"/>'
    ends = f'x1="{left}" y1="{bottom}" x2="{left + size}" y2="{top}"'
    yield f'<line {ends} stroke="#ccc" stroke-dasharray="3"/>'
    yield f'<text x="{left + size / 2}" y="{bottom + 14}" text-anchor="middle" fill="#555">mean score</text>'
    yield (
        f'<text x="{left - 6}" y="{top + size / 2}" text-anchor="middle" fill="#555" '
        f'transform="rotate(-90 {left - 6} {top + size / 2})">share positive</text>'
    )
    for rating, colour in _coloured(one):
        if rating.kind != "baseline" and "ece" in rating.values:
            yield from _curve(rating.reliability, left, bottom, colour)


def _curve(bins: tuple[Bin, ...], left: int, bottom: int, colour: str) -> Iterator[str]:
    places = [(left + one.score * _SQUARE, bottom - one.positive * _SQUARE) for one in bins]
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    yield f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
    yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in places)
