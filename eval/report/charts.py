"""Charts as inline SVG: text and numbers in, SVG out; no script, nothing from elsewhere.

Across, everything is placed in percent and text keeps its size, so that one drawing fits a phone and a desk.
Series differ by dash and marker, never by colour alone. Each chart names itself (`<title>`), says in words
what it shows (`<desc>`), and tells each value to a pointer that rests on it. charts.css colours them in
light and dark; `standalone` makes a file that needs no page around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise, zip_longest
from pathlib import Path

from markupsafe import Markup

from eval.report.axis import Axis
from eval.report.svg import join, tag

LINE = 18
"""Height of a line of text, in pixels, as all heights here."""
MARGIN = (46, 18)
"""Left and right of a plot with numbers beside it, as in charts.css."""
MARKERS = (
    "M-3.5,0a3.5,3.5 0 1,0 7,0a3.5,3.5 0 1,0 -7,0z",
    "M-3,-3h6v6h-6z",
    "M0,-4L4,3H-4z",
    "M0,-4L4,0L0,4L-4,0z",
)
COLOURS = 6
MANY = 40
"""Points of a line beyond which markers would hide it."""
LONGEST = 38
STYLE = Path(__file__).with_name("templates") / "charts.css"


@dataclass(frozen=True, slots=True)
class Series:
    """A named line: (x, y) by rising x; y None breaks it. `band` is its interval as (x, low, high)."""

    name: str
    points: tuple[tuple[float, float | None], ...]
    band: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """A point with a word beside it."""

    x: float
    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar under its label; `low` and `high` are its interval, `shown` is written instead of the value."""

    label: str
    value: float
    low: float | None = None
    high: float | None = None
    shown: str | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A row of a forest plot under its label; `shown` is written beside that instead of mean and interval."""

    label: str
    mean: float
    low: float
    high: float
    shown: str | None = None


def histogram(
    title: str,
    desc: str,
    edges: Sequence[float],
    counts: Sequence[int],
    axis: Axis,
    *,
    mean: float | None = None,
    height: int = 100,
) -> Markup:
    """Columns of counts (n,) between edges (n+1,); a dashed line stands at `mean`."""
    axis = axis.fitted(edges)
    up = Axis(low=0.0).fitted([float(max([1, *counts]))])
    parts = [_grid(up, height, [tick for tick in up.ticks(2) if tick == round(tick)])]
    for (low, high), count in zip(pairwise(edges), counts, strict=True):
        if count:
            left, right = axis.place(low), axis.place(high)
            told = tag("title", f"{axis.show(low)} to {axis.show(high)}: {count:,}")
            tall = max(2.0, height * up.place(count))
            parts.append(_box(left, right - left, height - tall, tall, "fill s1", told, gap=0.3))
    if mean is not None:
        parts += [_upright(axis.place(mean), height, kind) for kind in ("halo", "mean")]
    return _chart(title, desc, [_below(axis, height), *parts], height, x=axis.label)


def bars(
    title: str,
    desc: str,
    rows: Sequence[Bar],
    axis: Axis,
    *,
    reference: float | None = None,
) -> Markup:
    """Horizontal bars, each under its label; a line stands at `reference` (a ratio of 1, a baseline)."""
    ends = [end for row in rows for end in (row.value, row.low, row.high) if end is not None]
    axis = axis.fitted([*ends, *([] if reference is None else [reference])])
    rowed, height = [], len(rows) * (LINE + 22)
    for n, row in enumerate(rows):
        top = n * (LINE + 22)
        shown = axis.show(row.value) if row.shown is None else row.shown
        rowed += [*_labelled(row.label, shown, top), _box(0, 1, top + LINE, 10, "rail")]
        if axis.place(row.value) > 0:
            rowed.append(_box(0, axis.place(row.value), top + LINE, 10, "fill s1"))
        if row.low is not None and row.high is not None:
            rowed.append(_whisker(axis, row.low, row.high, top + LINE + 5))
        if reference is not None:
            rowed.append(_upright(axis.place(reference), top + LINE + 14, "mean", top + LINE - 4))
    return _chart(
        title, desc, [_below(axis, height - 6, flush=True), *rowed], height, x=axis.label, flush=True
    )


def intervals(
    title: str, desc: str, rows: Sequence[Estimate], axis: Axis, *, reference: float | None = None
) -> Markup:
    """A forest plot: each mean as a dot on its interval, under its label; a line stands at `reference`."""
    ends = [end for row in rows for end in (row.low, row.high)]
    axis = axis.fitted([*ends, *([] if reference is None else [reference])])
    drawn, height = [], len(rows) * (LINE + 20)
    for n, row in enumerate(rows):
        top = n * (LINE + 20)
        if reference is not None:
            drawn.append(_upright(axis.place(reference), top + LINE + 14, "zero", top + LINE - 2))
        shown = f"{axis.show(row.mean)} [{axis.show(row.low)}, {axis.show(row.high)}]"
        drawn += _labelled(row.label, shown if row.shown is None else row.shown, top)
        drawn += [
            _whisker(axis, row.low, row.high, top + LINE + 6),
            _dot(axis.place(row.mean), top + LINE + 6),
        ]
    return _chart(
        title, desc, [_below(axis, height - 6, flush=True), *drawn], height, x=axis.label, flush=True
    )


def interval(mean: float, low: float, high: float, axis: Axis, *, reference: float | None = None) -> Markup:
    """One row of a forest plot for a table's cell, beside the numbers; the axis is fitted."""
    parts = [tag("line", x1="0%", x2="100%", y1=9, y2=9, class_="grid")]
    parts += [_upright(axis.place(tick), 12, "grid", 6) for tick in axis.ticks()]
    if reference is not None:
        parts.append(_upright(axis.place(reference), 18, "zero"))
    parts += [_whisker(axis, low, high, 9), _dot(axis.place(mean), 9)]
    return tag("svg", *parts, class_="cell", height=18, aria_hidden="true")


def curve(
    title: str,
    desc: str,
    series: Sequence[Series],
    x: Axis,
    y: Axis,
    *,
    marks: Sequence[Mark] = (),
    diagonal: bool = False,
    height: int = 200,
) -> Markup:
    """Lines over `x`, with bands where they have intervals; `diagonal` draws y = x."""
    x = x.fitted([place for one in series for place, _ in one.points])
    y = y.fitted(_heights(series, marks))
    parts = [_grid(y, height), _below(x, height)]
    if diagonal:
        parts.append(_stretched([tag("path", d=f"M0,{height}L1000,0", class_="mean")], height))
    parts += [
        _stretched([_band(one.band, x, y, height, n)], height) for n, one in enumerate(series) if one.band
    ]
    for n, one in enumerate(series):
        parts += [_stretched(_lines(one, x, y, height, n), height), *_points(one, x, y, height, n)]
    parts += [_marked(mark, x, y, height) for mark in marks]
    names = [one.name for one in series] if len(series) > 1 else []
    return _chart(title, desc, parts, height, x=x.label, y=y.label, legend=names)


def time_series(
    title: str,
    desc: str,
    series: Sequence[tuple[str, Sequence[tuple[datetime, float | None]]]],
    y: Axis,
    *,
    bands: Sequence[Sequence[tuple[datetime, float, float]]] = (),
    height: int = 160,
) -> Markup:
    """Lines over time (aware datetimes, shown in UTC); None leaves a gap, `bands` go with the series."""
    over = [*bands, *[()] * len(series)]
    lines = [
        Series(
            name,
            tuple((at.timestamp(), value) for at, value in points),
            tuple((at.timestamp(), low, high) for at, low, high in band),
        )
        for (name, points), band in zip(series, over, strict=False)
    ]
    times = [at for line in lines for at, _ in line.points] or [0.0]
    return curve(title, desc, lines, _time_axis(min(times), max(times)), y, height=height)


def standalone(*charts: Markup, headings: Sequence[str] = (), width: int = 640) -> str:
    """The text of an .svg file with the charts below each other, each under its heading if it has one;
    `width` wide, light and dark as the reader's system.
    """
    style = Markup(f"<style>{STYLE.read_text(encoding='utf-8')}</style>")
    drawn, top = [style, tag("rect", width="100%", height="100%", class_="paper")], 12
    for chart, heading in zip_longest(charts, headings[: len(charts)], fillvalue=""):
        if heading:
            drawn.append(tag("text", heading, x=12, y=top + 14, class_="heading"))
            top += LINE + 10
        height = int(chart.split('height="', 1)[1].split('"', 1)[0])
        left, right = (0, 0) if 'class="chart flush"' in chart else MARGIN
        placed = f'<svg width="{width - left - right - 24}" x="{left + 12}" y="{top}" '
        drawn.append(Markup(str(chart).replace("<svg ", placed, 1)))
        top += height + 12
    xmlns, size = "http://www.w3.org/2000/svg", f"0 0 {width} {top}"
    whole = tag("svg", *drawn, xmlns=xmlns, viewBox=size, width=width, height=top, class_="alone")
    return f"{whole}\n"


def _chart(
    title: str,
    desc: str,
    parts: Sequence[Markup],
    height: int,
    *,
    x: str = "",
    y: str = "",
    legend: Sequence[str] = (),
    flush: bool = False,
) -> Markup:
    top = LINE * (len(legend) + bool(y)) + 8
    whole = top + height + LINE * (1 + bool(x)) + 6
    plot = tag("svg", *parts, y=top, width="100%", height=height, overflow="visible")
    start = 0 if flush else 4 - MARGIN[0]
    around = [_entry(n, name, start) for n, name in enumerate(legend)]
    if y:
        around.append(tag("text", y, x=start, y=LINE * len(legend) + 12, class_="label"))
    if x:
        around.append(tag("text", x, x="50%", y=whole - 6, text_anchor="middle", class_="label"))
    about = (tag("title", title), tag("desc", desc))
    kind = "chart flush" if flush else "chart"
    return tag("svg", *about, *around, plot, class_=kind, height=whole, role="img", overflow="visible")


def _entry(n: int, name: str, start: int) -> Markup:
    middle = LINE * n + 8
    line = tag("line", x1=start, x2=start + 26, y1=middle, y2=middle, class_=f"line s{n % COLOURS + 1}")
    at = tag("svg", _marker(n), x=start + 13, y=middle, overflow="visible")
    return join([line, at, tag("text", _short(name), x=start + 34, y=middle + 4, class_="label")])


def _grid(y: Axis, height: int, at: Sequence[float] | None = None) -> Markup:
    parts = []
    for tick in y.ticks() if at is None else at:
        place = height * (1 - y.place(tick))
        parts.append(tag("line", x1="0%", x2="100%", y1=place, y2=place, class_="grid"))
        parts.append(tag("text", y.show(tick), x=-6, y=place + 4, text_anchor="end", class_="tick"))
    return join(parts)


def _below(x: Axis, height: int, *, flush: bool = False) -> Markup:
    parts = [tag("line", x1="0%", x2="100%", y1=height, y2=height, class_="axis")]
    for tick in x.ticks(4 if flush else 5):
        place = x.place(tick)
        anchor = "middle" if not flush or 0.03 < place < 0.97 else "start" if place < 0.5 else "end"
        parts.append(tag("line", x1=_pc(place), x2=_pc(place), y1=height, y2=height + 4, class_="axis"))
        parts.append(
            tag("text", x.show(tick), x=_pc(place), y=height + 16, text_anchor=anchor, class_="tick")
        )
    return join(parts)


def _labelled(label: str, shown: str, top: int) -> list[Markup]:
    whole = tag("title", label) if len(label) > LONGEST else None
    return [
        tag("text", _short(label), whole, x=0, y=top + 13, class_="label"),
        tag("text", shown, x="100%", y=top + 13, text_anchor="end", class_="number"),
    ]


def _box(
    left: float,
    wide: float,
    top: float,
    tall: float,
    kind: str,
    told: Markup | None = None,
    *,
    gap: float = 0,
) -> Markup:
    across = {"x": f"{100 * left + gap / 2:.2f}%", "width": f"{max(0.3, 100 * wide - gap):.2f}%"}
    parts = [told] if told else []
    return tag("rect", *parts, x=across["x"], width=across["width"], y=top, height=tall, class_=kind)


def _upright(place: float, bottom: float, kind: str, top: float = 0) -> Markup:
    return tag("line", x1=_pc(place), x2=_pc(place), y1=top, y2=bottom, class_=kind)


def _whisker(axis: Axis, low: float, high: float, middle: float) -> Markup:
    left, right = _pc(axis.place(low)), _pc(axis.place(high))
    ends = [tag("line", x1=at, x2=at, y1=middle - 4, y2=middle + 4, class_="whisker") for at in (left, right)]
    return join([tag("line", x1=left, x2=right, y1=middle, y2=middle, class_="whisker"), *ends])


def _dot(place: float, middle: float) -> Markup:
    return tag("circle", cx=_pc(place), cy=middle, r=4.5, class_="dot")


def _marker(n: int, told: Markup | None = None) -> Markup:
    parts = [told] if told else []
    return tag("path", *parts, d=MARKERS[n % len(MARKERS)], class_=f"marker s{n % COLOURS + 1}")


def _lines(one: Series, x: Axis, y: Axis, height: int, n: int) -> list[Markup]:
    """The line in its unbroken stretches, in thousandths across."""
    stretches: list[list[str]] = [[]]
    for at, value in one.points:
        if value is None:
            stretches.append([])
        else:
            stretches[-1].append(f"{1000 * x.place(at):.1f},{height * (1 - y.place(value)):.1f}")
    kind = f"line s{n % COLOURS + 1}"
    return [tag("polyline", points=" ".join(part), class_=kind) for part in stretches if len(part) > 1]


def _points(one: Series, x: Axis, y: Axis, height: int, n: int) -> list[Markup]:
    known = [(at, value) for at, value in one.points if value is not None]
    if len(known) > MANY:
        return []
    return [
        tag(
            "svg",
            _marker(n, tag("title", f"{one.name} at {x.show(at)}: {y.show(value)}")),
            x=_pc(x.place(at)),
            y=height * (1 - y.place(value)),
            overflow="visible",
        )
        for at, value in known
    ]


def _band(band: Sequence[tuple[float, float, float]], x: Axis, y: Axis, height: int, n: int) -> Markup:
    over = [(1000 * x.place(at), height * (1 - y.place(high))) for at, _, high in band]
    under = [(1000 * x.place(at), height * (1 - y.place(low))) for at, low, _ in reversed(band)]
    points = " ".join(f"{across:.1f},{up:.1f}" for across, up in [*over, *under])
    return tag("polygon", points=points, class_=f"band s{n % COLOURS + 1}")


def _marked(mark: Mark, x: Axis, y: Axis, height: int) -> Markup:
    """The word goes to the side where there is room."""
    place, up = x.place(mark.x), height * (1 - y.place(mark.y))
    late = place > 0.5
    word = tag(
        "text", mark.label, x=-8 if late else 8, y=-8, text_anchor="end" if late else "start", class_="label"
    )
    ring = tag("circle", r=5.5, class_="ring")
    return tag("svg", ring, word, x=_pc(place), y=up, overflow="visible")


def _stretched(parts: Sequence[Markup], height: int) -> Markup:
    """A layer whose width of 1,000 is all there is; line widths stay."""
    box = {"viewBox": f"0 0 1000 {height}", "preserveAspectRatio": "none"}
    return tag("svg", *parts, width="100%", height=height, overflow="visible", **box)


def _heights(series: Sequence[Series], marks: Sequence[Mark]) -> list[float]:
    values = [value for one in series for _, value in one.points if value is not None]
    values += [end for one in series for _, low, high in one.band for end in (low, high)]
    return [*values, *(mark.y for mark in marks)]


def _time_axis(first: float, last: float) -> Axis:
    """Five times from first to last, written as finely as their distance asks."""
    span = last - first
    form = (
        "%H:%M:%S"
        if span < 600
        else "%H:%M"
        if span < 36 * 3600
        else "%d %b"
        if span < 86400 * 300
        else "%Y-%m"
    )
    if not span > 0:
        first, last = first - 60, last + 60
    at = tuple(first + part * (last - first) for part in (0.0, 1 / 3, 2 / 3, 1.0))
    return Axis(
        "UTC", first, last, show=lambda value: datetime.fromtimestamp(value, UTC).strftime(form), at=at
    )


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _pc(place: float) -> str:
    return f"{100 * place:.2f}%"
