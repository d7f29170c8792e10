"""Where time and money went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from markupsafe import Markup

from eval.report.analysis import TOTAL, Analysis, Stage, spent
from eval.report.axis import SHARE, Axis
from eval.report.charts import Bar, bars, histogram
from eval.report.numbers import duration, percent
from eval.report.page import details, figure, grid, paragraph, section, table
from eval.report.verdict import total
from eval.runs.record import Spent

COLUMNS = 20


def time_and_cost(found: Analysis) -> Markup | None:
    """Latency by stage, what judging took, tokens and money."""
    if not found.stages:
        return None
    parts = [stage for stage in found.stages if stage.name != TOTAL]
    whole = total(found)
    chart = bars(
        "Share of the time by stage",
        "; ".join(f"{stage.name} {percent(stage.share)}" for stage in parts),
        [Bar(stage.name, stage.share, shown=percent(stage.share)) for stage in parts],
        SHARE,
    )
    times = [row.timings_ms[TOTAL] for row in found.run.rows if TOTAL in row.timings_ms]
    shown = [figure(chart, "Share of the time of all replies.", heading="Where it goes")] if parts else []
    spread = figure(_time_histogram(times), _time_caption(whole), heading="How long a reply takes")
    judging = _judging(found.judging) if found.judging else None
    stages = _stage_table("Time of replies by stage", found.stages)
    return section(
        "time",
        "Time and cost",
        grid(*shown, spread),
        stages,
        _cost(spent(found.run), len(found.run.rows)),
        judging,
    )


def _time_histogram(times: Sequence[float]) -> Markup:
    counts, edges = np.histogram(times, COLUMNS, (0.0, float(np.percentile(times, 99)) or 1.0))
    counts[-1] += sum(time > edges[-1] for time in times)
    axis = Axis("the slowest hundredth is in the last column", 0.0, float(edges[-1]), show=duration)
    told = f"{len(times):,} replies, median {duration(float(np.median(times)))}"
    return histogram(
        "How long replies took", told, edges.tolist(), counts.tolist(), axis, mean=float(np.median(times))
    )


def _time_caption(whole: Stage | None) -> str:
    return f"The dashed line is the median, {duration(whole.p50)}." if whole else ""


def _stage_table(caption: str, stages: Sequence[Stage]) -> Markup:
    header = ["Stage", "Median", "95%", "Longest", "Share", "Replies"]
    rows = [
        [
            one.name,
            duration(one.p50),
            duration(one.p95),
            duration(one.longest),
            percent(one.share),
            f"{one.n:,}",
        ]
        for one in stages
    ]
    return table(caption, header, rows, stack=True)


def _judging(found: Sequence[Stage]) -> Markup:
    return details("What judging took, by metric", _stage_table("Time of judging by metric", found))


def _cost(sums: Mapping[str, Spent], cases: int) -> Markup:
    if not sums:
        return paragraph("No LLM was asked, for answers or for judging: no tokens and no cost.", kind="note")
    header = ["For", "Prompt tokens", "Completion tokens", "Cost", "Cost a case"]
    rows = [
        [
            name,
            f"{one.prompt_tokens:,}",
            f"{one.completion_tokens:,}",
            f"{one.cost:.4f}",
            f"{one.cost / cases:.6f}",
        ]
        for name, one in sums.items()
    ]
    return table("Tokens and cost of LLMs, in the currency of the settings", header, rows, stack=True)
