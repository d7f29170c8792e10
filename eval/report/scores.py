"""How high the scores are and how they are spread."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from eval.report.analysis import Analysis
from eval.report.axis import SCORE, SHARE, Axis
from eval.report.charts import Bar, bars, histogram, interval
from eval.report.html import Part, join, named, tag
from eval.report.numbers import percent, score
from eval.report.page import figure, grid, paragraph, section, table
from eval.report.wording import counted, limits, meaning
from eval.runs.record import Summary

COLUMNS = 20


def scores(found: Analysis) -> Markup:
    """Means with intervals, and how the values are spread."""
    values = [
        end
        for one in found.summaries.values()
        if one.interval
        for end in (one.interval.low, one.interval.high)
    ]
    axis = SCORE if all(0 <= end <= 1 for end in values) else Axis().fitted([0.0, 1.0, *values])
    ends = f"from {axis.show(axis.low or 0)} to {axis.show(axis.high or 1)}"
    header = ["Metric", ends, "Mean", "95% interval", "Cases", "Not applicable", "Errors"]
    rows = [_score_row(name, one, axis) for name, one in found.applied.items()]
    whole = table("Every metric over all cases", header, rows, wide=1, stack=True, hide_caption=True)
    hint = "Means over the cases that a metric applies to, with 95% bootstrap intervals."
    if any(one.interval and one.interval.low == one.interval.high for one in found.summaries.values()):
        hint += " An interval without width only says that all scores are the same."
    spread = paragraph("How the scores are spread; a dashed line is the mean.", kind="hint")
    idle = (
        paragraph(f"Not applicable to any case: {', '.join(found.idle)}.", kind="hint")
        if found.idle
        else None
    )
    return section("scores", "Scores", whole, idle, spread, _histograms(found), hint=hint)


def _score_row(name: str, one: Summary, axis: Axis) -> list[Part]:
    label = join(
        [
            named(name),
            tag("span", meaning(name), class_="note") if meaning(name) else None,
        ]
    )
    counts: list[Part] = [f"{one.skipped:,}", _bad(one.errors)]
    if one.interval is None:
        return [label, None, "–", "–", "0", *counts]
    found = one.interval
    cell = interval(found.mean, found.low, found.high, axis)
    return [label, cell, score(found.mean), limits(found), f"{found.n:,}", *counts]


def _bad(errors: int) -> Part:
    return tag("strong", f"{errors:,}", class_="bad") if errors else "0"


def _histograms(found: Analysis) -> Markup:
    values = {
        name: [row.scores[name] for row in found.run.rows if name in row.scores] for name in found.summaries
    }
    return grid(*(_histogram(name, known) for name, known in values.items() if known), dense=True)


def _histogram(name: str, values: Sequence[float]) -> Markup:
    """Columns of a twentieth; of a metric that is either 0 or 1 two bars."""
    mean = sum(values) / len(values)
    caption = f"mean {score(mean)} of {counted(len(values), 'case')}"
    drawn = _two_bars(name, values) if set(values) <= {0.0, 1.0} else _columns(name, values, mean)
    return figure(drawn, caption, heading=name)


def _two_bars(name: str, values: Sequence[float]) -> Markup:
    ones = sum(value == 1.0 for value in values)
    counts = {"1 (yes)": ones, "0 (no)": len(values) - ones}
    shares = {label: n / len(values) for label, n in counts.items()}
    told = "; ".join(f"{label}: {n:,} of {len(values):,}" for label, n in counts.items())
    rows = [
        Bar(label, shares[label], shown=f"{n:,} · {percent(shares[label])}") for label, n in counts.items()
    ]
    return bars(f"{name}: how often", told, rows, SHARE)


def _columns(name: str, values: Sequence[float], mean: float) -> Markup:
    """A little beyond 1 is the last column still: rounding of cosines."""
    low, high = min(0.0, *values), max(1.0, *values)
    high = 1.0 if high < 1.01 else high
    counts, edges = np.histogram(np.minimum(values, high), COLUMNS, (low, high))
    told = f"{len(values):,} scores from {score(min(values))} to {score(max(values))}, mean {score(mean)}"
    axis = Axis(low=float(edges[0]), high=float(edges[-1]), at=SCORE.at)
    return histogram(
        f"{name}: how often each score", told, edges.tolist(), counts.tolist(), axis, mean=mean, height=80
    )
