"""The pictures of a run as SVG, drawn with matplotlib: curves, stacked bars, bars of ratios.

Colours also differ in lightness (Okabe and Ito 2008), and a dashed line is a baseline.
"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from lab.bench.speed.results import Figure, Results
from lab.drawing import COLOURS, picture

FIXED = ("size", "memory", "stages")
SHOWN = 40
"""Most rows of the picture of ratios."""
Curve = tuple[str, list[tuple[float, float]], str, bool]
"""Name, points (x, y) by rising x, colour, and whether it is a baseline."""


def plots(results: Results) -> dict[str, str]:
    """Name to SVG; a picture without enough figures is left out."""
    figures = results.figures
    drawn = {
        "latency-by-size": _by_size(figures),
        "throughput-by-clients": _by_clients(figures, "throughput", "calls a second", log_y=False),
        "latency-by-clients": _by_clients(figures, "latency", "milliseconds, median", log_y=True),
        "stages": _stages(figures),
        "ratios": _ratios(figures),
        "bytes": _bytes(figures),
    }
    return {name: svg for name, svg in drawn.items() if svg}


# curves


def _by_size(figures: Sequence[Figure]) -> str:
    named: dict[str, list[Figure]] = {}
    for one in figures:
        if one.part in ("search", "ask") and one.unit == "ms" and "chunks" in one.at:
            named.setdefault(one.name, []).append(one)
    curves: list[Curve] = []
    for place, (name, group) in enumerate(named.items()):
        ours, base = _points(group, "chunks")
        curves.append((name, ours, _colour(place), False))
        if name.startswith(("dense", "lexical")):
            alone = "FAISS alone" if name.startswith("dense") else "Tantivy alone"
            curves.append((alone, base, _colour(place), True))
    title = "Latency against the size of the collection, in process"
    return _curves(title, "chunks", "milliseconds, median", curves, log_y=True)


def _by_clients(figures: Sequence[Figure], what: str, up: str, *, log_y: bool) -> str:
    named: dict[str, list[Figure]] = {}
    for one in figures:
        if one.part == "clients" and one.name.endswith(f", {what}") and "clients" in one.at:
            named.setdefault(one.name.removesuffix(f", {what}"), []).append(one)
    curves: list[Curve] = []
    for place, (name, group) in enumerate(named.items()):
        ours, base = _points(group, "clients")
        curves += [
            (name, ours, _colour(place), False),
            (f"{name}, in process", base, _colour(place), True),
        ]
    title = f"{what.capitalize()} over HTTP against concurrent clients (closed loop)"
    return _curves(title, "clients", up, curves, log_y=log_y)


def _points(group: Sequence[Figure], at: str) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    ordered = sorted(group, key=lambda one: one.at[at])
    return (
        [(float(one.at[at]), one.value) for one in ordered],
        [(float(one.at[at]), one.baseline_value) for one in ordered],
    )


def _curves(title: str, across: str, up: str, curves: Sequence[Curve], *, log_y: bool) -> str:
    """Curves on a logarithmic x, of which every value that occurs is marked; their names below."""
    if not curves:
        return ""
    with picture(6.6, 4.4 + 0.1 * len(curves), title) as drawn:
        axes = drawn.axes
        for name, points, colour, baseline in curves:
            x, y = zip(*points, strict=True)
            axes.plot(x, y, "--" if baseline else "-", color=colour, marker="o", markersize=4, label=name)
        xs = sorted({x for _, points, _, _ in curves for x, _ in points})
        axes.set_xscale("log")
        axes.set_xticks(xs, [_short(x) for x in xs])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel(across)
        axes.set_ylabel(up)
        if log_y:
            axes.set_yscale("log")
            _round_ticks(axes.yaxis)
        else:
            axes.set_ylim(bottom=0)
        axes.grid(axis="y", color="0.85")
        _legend(axes, 2)
    return drawn.svg


# bars


def _stages(figures: Sequence[Figure]) -> str:
    rows: dict[str, dict[str, float]] = {}
    for one in figures:
        if one.part == "stages":
            whole, stage = one.name.split(": ", 1)
            rows.setdefault(f"{whole}, {one.at['chunks']:,} chunks", {})[stage] = one.value
    ordered = dict(sorted(rows.items(), key=lambda row: _whole_first(row[0])))
    return _stacked("Where the time goes, one question at a time, medians", "ms", ordered)


def _whole_first(name: str) -> tuple[str, int]:
    whole, _, rest = name.partition(", ")
    return whole, int(rest.split()[0].replace(",", ""))


def _bytes(figures: Sequence[Figure]) -> str:
    sizes = [one for one in figures if one.part == "size" and one.name.startswith("a chunk: ")]
    largest = max((one.at["chunks"] for one in sizes), default=0)
    names = {one.name.removeprefix("a chunk: "): one for one in sizes if one.at["chunks"] == largest}
    return _stacked(
        f"Bytes of a chunk, {largest:,} chunks",
        "bytes",
        {name: {name: one.value} for name, one in names.items()},
    )


def _stacked(title: str, unit: str, rows: dict[str, dict[str, float]]) -> str:
    """A row of parts for each name, one colour for each part, with the sum at the end."""
    if not rows:
        return ""
    names = list(dict.fromkeys(name for parts in rows.values() for name in parts))
    with picture(6.6, 1.2 + 0.3 * len(rows) + 0.12 * len(names), title) as drawn:
        axes = drawn.axes
        starts = dict.fromkeys(rows, 0.0)
        for place, name in enumerate(names):
            widths = [parts.get(name, 0.0) for parts in rows.values()]
            bars = axes.barh(list(rows), widths, 0.7, list(starts.values()), color=_colour(place), label=name)
            starts = {row: at + width for (row, at), width in zip(starts.items(), widths, strict=True)}
        totals = [f" {_short(round(total, 1))} {unit}" for total in starts.values()]
        axes.bar_label(bars, totals)
        _rows_downwards(axes, max(starts.values()))
        if any(len(parts) > 1 for parts in rows.values()):
            _legend(axes, 4)
    return drawn.svg


def _ratios(figures: Sequence[Figure]) -> str:
    """A bar from 1 to the median on a logarithmic axis, with the range over the repeats across it."""
    largest = max((one.at.get("chunks", 0) for one in figures), default=0)
    most = max((one.at.get("clients", 0) for one in figures), default=0)
    shown = [
        one
        for one in figures
        if one.part not in FIXED
        and (one.part == "clients" or one.at.get("chunks", largest) == largest)
        and one.at.get("clients", most) == most
    ][:SHOWN]
    if not shown:
        return ""
    with picture(8.0, 1.0 + 0.25 * len(shown), "Ours over the bare library, repeat by repeat") as drawn:
        axes = drawn.axes
        axes.set_xscale("log")
        for row, one in enumerate(shown):
            axes.barh(row, one.ratio - 1, 0.6, 1.0, color=COLOURS[0 if _good(one) else 1])
            axes.plot([min(one.ratios), max(one.ratios)], [row, row], color="black", linewidth=0.8)
            axes.annotate(
                f"{one.ratio:.2f}",
                (max(1.0, *one.ratios), row),
                (4, 0),
                textcoords="offset points",
                va="center",
            )
        axes.axvline(1.0, color="black", linewidth=0.8)
        axes.set_yticks(range(len(shown)), [_label(one) for one in shown])
        _round_ticks(axes.xaxis)
        axes.set_xlim(
            min(0.5, *(min(one.ratios) for one in shown)), 1.4 * max(2.0, *(max(one.ratios) for one in shown))
        )
        axes.invert_yaxis()
        axes.grid(axis="x", color="0.85")
        axes.set_axisbelow(True)
    return drawn.svg


def _good(one: Figure) -> bool:
    return one.ratio <= 1.25 if one.better == "lower" else one.ratio >= 0.8


def _label(one: Figure) -> str:
    name = f"{one.part}: {one.name}" + (f", {one.at['clients']} clients" if "clients" in one.at else "")
    return name if len(name) <= 52 else name[:51] + "…"


def _round_ticks(axis: Axis) -> None:
    """1, 2, 5 and their tens on a logarithmic axis."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
    axis.set_minor_locator(NullLocator())


def _rows_downwards(axes: Axes, most: float) -> None:
    axes.invert_yaxis()
    axes.set_xlim(0, 1.2 * most)
    axes.xaxis.set_visible(False)


def _legend(axes: Axes, columns: int) -> None:
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.14), ncols=columns, frameon=False)


def _colour(place: int) -> str:
    return COLOURS[place % len(COLOURS)]


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:g}"
