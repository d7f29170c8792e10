"""A run as one HTML file: pictures and tables, nothing loaded from anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from lab.bench.speed.report import described, number, where
from lab.bench.speed.results import PARTS, Figure, Results

_STYLE = """
:root { color-scheme: light }
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 70rem; margin: 0 auto; padding: 1rem }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 1rem }
svg { width: 100%; height: auto; border: 1px solid #ddd }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-size: 13px }
th, td { padding: .2rem .6rem; border-bottom: 1px solid #ddd; text-align: right; white-space: nowrap }
th:first-child, td:first-child, .words { text-align: left }
p { overflow-wrap: anywhere }
"""
_HEAD = ("what", "where", "ours", "p95", "p99", "baseline", "its value", "ratio", "range")


def page(results: Results, pictures: Mapping[str, str]) -> str:
    """The whole page."""
    about = "".join(f"<p>{escape(one).replace('`', '')}</p>" for one in described(results.setup))
    drawn = "".join(f"<figure style='margin:0'>{one}</figure>" for one in pictures.values())
    tables = "".join(
        _table(part, [one for one in results.figures if one.part == part])
        for part in PARTS
        if any(one.part == part for one in results.figures)
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Footnote: benchmark</title><style>{_STYLE}</style></head><body><h1>Benchmark</h1>{about}"
        "<p>A ratio is ours over the baseline in the same repeat: for times and sizes less is better, for"
        f' rates more.</p><div class="pictures">{drawn}</div>{tables}</body></html>\n'
    )


def _table(part: str, figures: Sequence[Figure]) -> str:
    head = "".join(f"<th{' class=words' if name == 'baseline' else ''}>{name}</th>" for name in _HEAD)
    rows = "".join(_row(one) for one in figures)
    return f'<h2>{part}</h2><div class="wide"><table><tr>{head}</tr>{rows}</table></div>'


def _row(one: Figure) -> str:
    latency, spread = one.latency, f"{number(min(one.ratios))}–{number(max(one.ratios))}"
    cells = (
        f"{number(one.value)} {one.unit}",
        number(latency.p95) if latency and latency.p95 is not None else "",
        number(latency.p99) if latency and latency.p99 is not None else "",
    )
    notes = ", ".join(f"{name} {number(value)}" for name, value in one.notes.items())
    return (
        f'<tr title="{escape(notes)}"><td>{escape(one.name)}</td><td>{escape(where(one))}</td>'
        + "".join(f"<td>{cell}</td>" for cell in cells)
        + f'<td class="words">{escape(one.baseline)}</td><td>{number(one.baseline_value)}</td>'
        f"<td>{number(one.ratio)}</td><td>{spread if len(one.runs) > 1 else ''}</td></tr>"
    )
