"""The pictures of a run, by file name."""

from __future__ import annotations

from collections.abc import Sequence

from lab.bench.speed import svg
from lab.bench.speed.results import Figure, Results

FIXED = ("size", "memory", "stages")
SHOWN = 40
"""Most rows of the picture of ratios."""


def plots(results: Results) -> dict[str, str]:
    """Name to SVG; a picture without enough figures is left out."""
    figures = results.figures
    made = {
        "latency-by-size": _by_size(figures),
        "throughput-by-clients": _by_clients(figures, "throughput", "calls a second", log_y=False),
        "latency-by-clients": _by_clients(figures, "latency", "milliseconds, median", log_y=True),
        "stages": _stages(figures),
        "ratios": _ratios(figures),
        "bytes": _bytes(figures),
    }
    return {name: drawn for name, drawn in made.items() if drawn}


def _by_size(figures: Sequence[Figure]) -> str:
    named: dict[str, list[Figure]] = {}
    for one in figures:
        if one.part in ("search", "ask") and one.unit == "ms" and "chunks" in one.at:
            named.setdefault(one.name, []).append(one)
    lines = []
    for colour, (name, group) in enumerate(named.items()):
        ordered = sorted(group, key=lambda one: one.at["chunks"])
        points = tuple((float(one.at["chunks"]), one.value) for one in ordered)
        lines.append(svg.Line(name, points, colour))
        if name.startswith(("dense", "lexical")):
            bare = tuple((float(one.at["chunks"]), one.baseline_value) for one in ordered)
            lines.append(
                svg.Line("FAISS alone" if name.startswith("dense") else "Tantivy alone", bare, colour, True)
            )
    if not lines:
        return ""
    title = "Latency against the size of the collection, in process"
    return svg.lines(title, "chunks", "milliseconds, median", lines, log_x=True, log_y=True)


def _by_clients(figures: Sequence[Figure], what: str, up: str, *, log_y: bool) -> str:
    named: dict[str, list[Figure]] = {}
    for one in figures:
        if one.part == "clients" and one.name.endswith(f", {what}") and "clients" in one.at:
            named.setdefault(one.name.removesuffix(f", {what}"), []).append(one)
    lines = []
    for colour, (name, group) in enumerate(named.items()):
        ordered = sorted(group, key=lambda one: one.at["clients"])
        ours = tuple((float(one.at["clients"]), one.value) for one in ordered)
        bare = tuple((float(one.at["clients"]), one.baseline_value) for one in ordered)
        lines += [svg.Line(name, ours, colour), svg.Line(f"{name}, in process", bare, colour, True)]
    if not lines:
        return ""
    title = f"{what.capitalize()} over HTTP against concurrent clients (closed loop)"
    return svg.lines(title, "clients", up, lines, log_x=True, log_y=log_y)


def _stages(figures: Sequence[Figure]) -> str:
    bars: dict[str, list[tuple[str, float]]] = {}
    for one in figures:
        if one.part == "stages":
            whole, stage = one.name.split(": ", 1)
            row = f"{whole}, {one.at['chunks']:,} chunks"
            bars.setdefault(row, []).append((stage, one.value))
    if not bars:
        return ""
    rows = [svg.Bar(name, tuple(parts)) for name, parts in sorted(bars.items(), key=_whole_first)]
    return svg.stacked("Where the time goes, one question at a time, medians", "ms", rows)


def _whole_first(entry: tuple[str, object]) -> tuple[str, int]:
    whole, _, rest = entry[0].partition(", ")
    return whole, int(rest.split()[0].replace(",", ""))


def _ratios(figures: Sequence[Figure]) -> str:
    largest = max((one.at.get("chunks", 0) for one in figures), default=0)
    most = max((one.at.get("clients", 0) for one in figures), default=0)
    rows = [
        svg.Ratio(_label(one), one.ratio, min(one.ratios), max(one.ratios), _good(one))
        for one in figures
        if one.part not in FIXED
        and (one.part == "clients" or one.at.get("chunks", largest) == largest)
        and one.at.get("clients", most) == most
    ]
    return svg.ratios("Ours over the bare library, repeat by repeat", rows[:SHOWN]) if rows else ""


def _good(one: Figure) -> bool:
    return one.ratio <= 1.25 if one.better == "lower" else one.ratio >= 0.8


def _label(one: Figure) -> str:
    name = f"{one.part}: {one.name}" + (f", {one.at['clients']} clients" if "clients" in one.at else "")
    return name if len(name) <= 52 else name[:51] + "…"


def _bytes(figures: Sequence[Figure]) -> str:
    rows = [one for one in figures if one.part == "size" and one.name.startswith("a chunk: ")]
    if not rows:
        return ""
    largest = max(one.at["chunks"] for one in rows)
    bars = []
    for one in (row for row in rows if row.at["chunks"] == largest):
        name = one.name.removeprefix("a chunk: ")
        bars.append(svg.Bar(name, ((name, one.value),)))
    return svg.stacked(f"Bytes of a chunk, {largest:,} chunks", "bytes", bars)
