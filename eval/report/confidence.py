"""Whether the system knows when it is right: coverage and risk, and calibration."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from eval.report.analysis import Analysis
from eval.report.axis import SHARE, Axis
from eval.report.charts import Mark, Series, curve
from eval.report.numbers import percent, score
from eval.report.page import figure, grid, paragraph, section, table
from eval.report.wording import between, counted
from eval.statistics import Calibration, CoveragePoint, CoverageRisk

LEAST = 30
"""Answers below which a curve would show chance."""
DRAWN = 80
"""Points of a curve that are drawn at most."""
FIRST_DRAWN = 10
"""Answers from which a curve is drawn: what a few of them say is chance."""


def confidence(found: Analysis) -> Markup | None:
    """Whether the system knows when it is right: coverage and risk, and calibration."""
    if found.curve is None or found.calibration is None or found.metric is None:
        return None
    hint = f"Right is what {found.metric} says"
    if found.metric.startswith("faithfulness"):
        hint += ", which is only that the passages support it; with references it would be more"
    if found.counts.unanswerable:
        hint += ". To answer a question that the collection does not answer counts as wrong"
    heading, answers = "Does it know when it is right?", len(found.outcomes)
    if answers < LEAST:
        few = f"{counted(answers, 'answer')} are too few to say; from {LEAST} on there is a picture here."
        return section("confidence", heading, paragraph(few), hint=f"{hint}.")
    return section(
        "confidence",
        heading,
        grid(_coverage_figure(found, found.curve), _calibration_figure(found.calibration)),
        hint=f"{hint}.",
    )


def _coverage_figure(found: Analysis, known: CoverageRisk) -> Markup:
    drawn, last = _thinned(known.points, len(found.outcomes)), known.points[-1]
    told = f"at {percent(last.coverage)} answered {percent(last.risk)} of the answers are wrong"
    answers = Series(
        "answers, the surest first",
        tuple((point.coverage, point.risk) for point in drawn),
        tuple((point.coverage, point.low, point.high) for point in drawn),
    )
    chart = curve(
        "Coverage and risk",
        f"The more is answered, the more of it is wrong: {told}.",
        [answers, Series("the best order there could be", _best(found, last))],
        Axis("share of the questions that are answered", 0.0, 1.0, show=percent, at=SHARE.at),
        Axis("share of these answers that are wrong", low=0.0, show=percent),
        marks=[Mark(last.coverage, last.risk, f"as run: {percent(last.risk)} wrong")],
    )
    caption = (
        f"The ring is the run as it was: {told}. To its left only what is surer would be answered; to its "
        "right are abstentions, which cannot be wrong. Area under the curve "
        f"{score(known.aurc)}, at best {score(known.best)}."
    )
    return figure(chart, caption, heading="Coverage and risk", data=_thresholds(drawn))


def _thresholds(drawn: Sequence[CoveragePoint]) -> Markup:
    header = ["Sure at least", "Answered", "Wrong", "95% interval"]
    rows = [
        [f"{one.threshold:.2f}", percent(one.coverage), percent(one.risk), _percents(one)]
        for one in _tenths(drawn)
    ]
    return table("What a threshold would do", header, rows, words=())


def _thinned(points: Sequence[CoveragePoint], answers: int) -> list[CoveragePoint]:
    """At most DRAWN points, the last one among them, without the first few answers."""
    least = points[-1].coverage * min(FIRST_DRAWN, answers) / answers
    kept = [point for point in points if point.coverage >= least * 0.999]
    step = -(-len(kept) // DRAWN)
    return kept[::-1][::step][::-1]


def _tenths(points: Sequence[CoveragePoint]) -> list[CoveragePoint]:
    places = np.linspace(0, len(points) - 1, min(10, len(points))).round().astype(int)
    return [points[place] for place in dict.fromkeys(places.tolist())]


def _percents(point: CoveragePoint) -> str:
    return f"[{100 * point.low:.0f}, {100 * point.high:.0f}]"


def _best(found: Analysis, last: CoveragePoint) -> tuple[tuple[float, float], ...]:
    """The curve if the wrong answers were the least sure ones."""
    lost = np.sort([1 - one.correct for one in found.outcomes])
    places = np.unique(np.linspace(1, lost.size, min(DRAWN, lost.size)).round().astype(int))
    risks = np.cumsum(lost)[places - 1] / places
    return tuple(zip((last.coverage * places / lost.size).tolist(), risks.tolist(), strict=True))


def _calibration_figure(found: Calibration) -> Markup:
    line = Series(
        "answers",
        tuple((one.confidence, one.correct.mean) for one in found.bins),
        tuple((one.confidence, one.correct.low, one.correct.high) for one in found.bins),
    )
    told = f"expected calibration error {score(found.error)}, Brier score {score(found.brier)}"
    chart = curve(
        "Calibration",
        f"How often answers are right, by how sure the system was; {told}.",
        [line],
        Axis("how sure it was", 0.0, 1.0, show=percent, at=SHARE.at),
        Axis("share of the answers that are right", 0.0, 1.0, show=percent, at=SHARE.at),
        diagonal=True,
    )
    caption = (
        "On the dashed line confidence is kept: of answers 80% sure, 80% are right. Below it the system is "
        f"too sure of itself, above not sure enough. In numbers: {told}."
    )
    return figure(chart, caption, heading="Calibration", data=_reliability(found))


def _reliability(found: Calibration) -> Markup:
    header = ["Sure", "Answers", "Mean confidence", "Right", "95% interval"]
    rows = [
        [
            f"{one.low:.1f}–{one.high:.1f}",
            f"{one.correct.n:,}",
            percent(one.confidence),
            percent(one.correct.mean),
            between(one.correct),
        ]
        for one in found.bins
    ]
    return table("Answers by confidence", header, rows, words=())
