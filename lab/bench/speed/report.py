"""A run for people: Markdown tables, and one HTML page with the pictures that loads nothing from anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jinja2 import Environment

from eval.report.wording import table
from lab.bench.speed.compare import Change, Comparison
from lab.bench.speed.results import PARTS, Figure, Results, Setup

HEAD = ["what", "where", "ours", "p95", "p99", "baseline", "its", "ratio", "range", "calls"]


def markdown(results: Results) -> str:
    """The run, then a table for each part."""
    tables = [f"## {part}\n\n{figure_table(found)}" for part, found in _by_part(results.figures).items()]
    return "\n\n".join([*described(results.setup), *tables]) + "\n"


def described(setup: Setup) -> list[str]:
    """What the run was made on and with, a paragraph each."""
    machine = ", ".join(f"{name} {value}" for name, value in setup.machine.items())
    models = ", ".join(f"{role} {name}" for role, name in setup.models.items())
    load = " and ".join(f"{value:.2f}" for value in setup.load)
    others = " and ".join(f"{value:.2f}" for value in setup.busy_cores)
    return [
        f"`{setup.command}`, {setup.started_at}, {setup.seconds:.0f} s, commit {setup.commit or 'unknown'},"
        f" on {setup.material}.",
        f"{machine}. Load average before and after: {load or 'unknown'}; cores kept busy by others then:"
        f" {others or 'unknown'}.",
        f"{models}.",
    ]


def figure_table(figures: Sequence[Figure]) -> str:
    """One row for each figure; the range is that of the ratio over the repeats."""
    return table(HEAD, [_row(one) for one in figures])


def _row(one: Figure) -> list[str]:
    latency = one.latency
    return [
        one.name,
        where(one) or "–",
        f"{number(one.value)} {one.unit}",
        number(latency.p95) if latency and latency.p95 is not None else "–",
        number(latency.p99) if latency and latency.p99 is not None else "–",
        one.baseline,
        number(one.baseline_value),
        number(one.ratio),
        f"{number(min(one.ratios))}–{number(max(one.ratios))}" if len(one.runs) > 1 else "–",
        f"{latency.n:,}" if latency else f"{len(one.runs)}",
    ]


def where(one: Figure) -> str:
    """At how many chunks, clients or calls a second."""
    words = {"rate": "calls/s"}
    return ", ".join(
        f"{value:,} {words.get(name, name.removesuffix('s') if value == 1 else name)}"
        for name, value in one.at.items()
    )


def number(value: float) -> str:
    """About three digits, all of those before the point."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) < 0.1:
        return f"{value:.3g}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Footnote: benchmark</title><style>
:root { color-scheme: light }
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 70rem; margin: 0 auto; padding: 1rem }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 1rem }
figure { margin: 0 }
svg { width: 100%; height: auto; border: 1px solid #ddd }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-size: 13px }
th, td { padding: .2rem .6rem; border-bottom: 1px solid #ddd; text-align: right; white-space: nowrap }
:is(th, td):is(:first-child, :nth-child(6)) { text-align: left }
p { overflow-wrap: anywhere }
</style></head><body><h1>Benchmark</h1>
{% for paragraph in about %}<p>{{ paragraph | replace("`", "") }}</p>
{% endfor %}<p>A ratio is ours over the baseline in the same repeat: for times and sizes less is better, for
rates more.</p>
<div class="pictures">{% for svg in pictures %}<figure>{{ svg | safe }}</figure>{% endfor %}</div>
{% for part, figures in parts.items() %}<h2>{{ part }}</h2>
<div class="wide"><table>
<tr>{% for name in head %}<th>{{ name }}</th>{% endfor %}</tr>
{% for figure in figures %}<tr title="{{ notes(figure) }}">
{% for cell in row(figure) %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</table></div>
{% endfor %}</body></html>
"""


def page(results: Results, pictures: Mapping[str, str]) -> str:
    """The whole page; `pictures` are SVG elements."""
    template = Environment(autoescape=True).from_string(_PAGE)
    return template.render(
        about=described(results.setup),
        pictures=pictures.values(),
        parts=_by_part(results.figures),
        head=HEAD,
        row=_row,
        notes=_notes,
    )


def _notes(one: Figure) -> str:
    return ", ".join(f"{name} {number(value)}" for name, value in one.notes.items())


def _by_part(figures: Sequence[Figure]) -> dict[str, list[Figure]]:
    parts = {part: [one for one in figures if one.part == part] for part in PARTS}
    return {part: found for part, found in parts.items() if found}


def comparison_markdown(found: Comparison) -> str:
    """What got worse first, then what got better, then the rest."""
    order = {"worse": 0, "better": 1, "unknown": 2, "same": 3}
    rows = [_change(one) for one in sorted(found.changes, key=lambda one: order[one.outcome])]
    worse, better = (sum(one.outcome == kind for one in found.changes) for kind in ("worse", "better"))
    lines = [
        f"{len(found.changes)} figures compared by their ratios: {worse} worse and {better} better"
        " beyond the spread.",
        *(f"Changed: {one}." for one in found.differences),
        *(f"Only in the old run: {key}." for key in found.only_old),
        *(f"Only in the new run: {key}." for key in found.only_new),
        "",
        table(["figure", "old ratio", "new ratio", "change", "counts beyond", "outcome"], rows),
    ]
    return "\n".join(lines) + "\n"


def _change(one: Change) -> list[str]:
    return [
        one.key,
        f"{one.old:.3g}",
        f"{one.new:.3g}",
        f"× {one.change:.2f}",
        f"× {one.spread:.2f}",
        one.outcome.upper() if one.outcome == "worse" else one.outcome,
    ]
