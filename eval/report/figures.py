"""The charts of a report: how scores are spread, whether confidence is kept, where time went."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from eval.report.analysis import TOTAL, Analysis
from eval.report.axis import SCORE, SHARE, Axis
from eval.report.charts import Bar, Mark, Series, bars, curve, histogram
from eval.report.page import Figure
from eval.report.verdict import total
from eval.report.wording import counted, duration, percent, score
from eval.statistics import Calibration, CoveragePoint, CoverageRisk

COLUMNS = 20
MOST_POINTS = 80
"""Points of a curve that are drawn at most."""
FIRST_POINT = 10
"""Answers from which a curve is drawn: what a few of them say is chance."""


def score_histograms(analysis: Analysis) -> list[Figure]:
    """How the scores of each metric are spread; of one that is either 0 or 1 two bars."""
    values = {
        name: [row.scores[name] for row in analysis.run.rows if name in row.scores]
        for name in analysis.summaries
    }
    return [_score_histogram(name, known) for name, known in values.items() if known]


def _score_histogram(name: str, values: Sequence[float]) -> Figure:
    mean = sum(values) / len(values)
    caption = f"mean {score(mean)} of {counted(len(values), 'case')}"
    chart = _two_bars(name, values) if set(values) <= {0.0, 1.0} else _columns(name, values, mean)
    return Figure(name, chart, caption)


def _two_bars(name: str, values: Sequence[float]) -> Markup:
    ones = sum(value == 1.0 for value in values)
    counts = {"1 (yes)": ones, "0 (no)": len(values) - ones}
    shares = {label: n / len(values) for label, n in counts.items()}
    desc = "; ".join(f"{label}: {n:,} of {len(values):,}" for label, n in counts.items())
    rows = [
        Bar(label, shares[label], shown=f"{n:,} · {percent(shares[label])}") for label, n in counts.items()
    ]
    return bars(f"{name}: how often", desc, rows, SHARE)


def _columns(name: str, values: Sequence[float], mean: float) -> Markup:
    """A little beyond 1 is the last column still: rounding of cosines."""
    low, high = min(0.0, *values), max(1.0, *values)
    high = 1.0 if high < 1.01 else high
    counts, edges = np.histogram(np.minimum(values, high), COLUMNS, (low, high))
    desc = f"{len(values):,} scores from {score(min(values))} to {score(max(values))}, mean {score(mean)}"
    axis = Axis(low=float(edges[0]), high=float(edges[-1]), at=SCORE.at)
    return histogram(
        f"{name}: how often each score", desc, edges.tolist(), counts.tolist(), axis, mean=mean, height=80
    )


def coverage(analysis: Analysis, found: CoverageRisk) -> Figure:
    """Coverage and risk beside the best order that there could be."""
    drawn, last = _thinned(found.points, len(analysis.outcomes)), found.points[-1]
    as_run = f"at {percent(last.coverage)} answered {percent(last.risk)} of the answers are wrong"
    answers = Series(
        "answers, the surest first",
        tuple((point.coverage, point.risk) for point in drawn),
        tuple((point.coverage, point.low, point.high) for point in drawn),
    )
    chart = curve(
        "Coverage and risk",
        f"The more is answered, the more of it is wrong: {as_run}.",
        [answers, Series("the best order there could be", _best(analysis, last))],
        Axis("share of the questions that are answered", 0.0, 1.0, show=percent, at=SHARE.at),
        Axis("share of these answers that are wrong", low=0.0, show=percent),
        marks=[Mark(last.coverage, last.risk, f"as run: {percent(last.risk)} wrong")],
    )
    caption = (
        f"The ring is the run as it was: {as_run}. To its left only what is surer would be answered; to its "
        "right are abstentions, which cannot be wrong. Area under the curve "
        f"{score(found.aurc)}, at best {score(found.best)}."
    )
    return Figure("Coverage and risk", chart, caption)


def thresholds(analysis: Analysis, found: CoverageRisk) -> list[CoveragePoint]:
    """Ten points of the curve: what a threshold there would do."""
    points = _thinned(found.points, len(analysis.outcomes))
    places = np.linspace(0, len(points) - 1, min(10, len(points))).round().astype(int)
    return [points[place] for place in dict.fromkeys(places.tolist())]


def _thinned(points: Sequence[CoveragePoint], answers: int) -> list[CoveragePoint]:
    """At most MOST_POINTS points, the last one among them, without the first few answers."""
    least = points[-1].coverage * min(FIRST_POINT, answers) / answers
    kept = [point for point in points if point.coverage >= least * 0.999]
    step = -(-len(kept) // MOST_POINTS)
    return kept[::-1][::step][::-1]


def _best(analysis: Analysis, last: CoveragePoint) -> tuple[tuple[float, float], ...]:
    """The curve if the wrong answers were the least sure ones."""
    lost = np.sort([1 - one.correct for one in analysis.outcomes])
    places = np.unique(np.linspace(1, lost.size, min(MOST_POINTS, lost.size)).round().astype(int))
    risks = np.cumsum(lost)[places - 1] / places
    return tuple(zip((last.coverage * places / lost.size).tolist(), risks.tolist(), strict=True))


def calibration(found: Calibration) -> Figure:
    """A reliability diagram."""
    line = Series(
        "answers",
        tuple((one.confidence, one.correct.mean) for one in found.bins),
        tuple((one.confidence, one.correct.low, one.correct.high) for one in found.bins),
    )
    numbers = f"expected calibration error {score(found.error)}, Brier score {score(found.brier)}"
    chart = curve(
        "Calibration",
        f"How often answers are right, by how sure the system was; {numbers}.",
        [line],
        Axis("how sure it was", 0.0, 1.0, show=percent, at=SHARE.at),
        Axis("share of the answers that are right", 0.0, 1.0, show=percent, at=SHARE.at),
        diagonal=True,
    )
    caption = (
        "On the dashed line confidence is kept: of answers 80% sure, 80% are right. Below it the system is "
        f"too sure of itself, above not sure enough. In numbers: {numbers}."
    )
    return Figure("Calibration", chart, caption)


def times(analysis: Analysis) -> list[Figure]:
    """Which stages the time went to, and how long replies took; none where nothing was timed."""
    whole = total(analysis)
    if whole is None:
        return []
    parts = [stage for stage in analysis.stages if stage.name != TOTAL]
    desc = "; ".join(f"{stage.name} {percent(stage.share)}" for stage in parts)
    rows = [Bar(stage.name, stage.share, shown=percent(stage.share)) for stage in parts]
    chart = bars("Share of the time by stage", desc, rows, SHARE)
    found = [Figure("Where it goes", chart, "Share of the time of all replies.")] if parts else []
    taken = [row.timings_ms[TOTAL] for row in analysis.run.rows if TOTAL in row.timings_ms]
    caption = f"The dashed line is the median, {duration(whole.p50)}."
    return [*found, Figure("How long a reply takes", _time_histogram(taken), caption)]


def _time_histogram(taken: Sequence[float]) -> Markup:
    counts, edges = np.histogram(taken, COLUMNS, (0.0, float(np.percentile(taken, 99)) or 1.0))
    counts[-1] += sum(time > edges[-1] for time in taken)
    axis = Axis("the slowest hundredth is in the last column", 0.0, float(edges[-1]), show=duration)
    middle = float(np.median(taken))
    desc = f"{len(taken):,} replies, median {duration(middle)}"
    return histogram("How long replies took", desc, edges.tolist(), counts.tolist(), axis, mean=middle)
