"""A report as one HTML file: what templates/report.html.j2 shows, worked out from the run."""

from __future__ import annotations

from collections.abc import Sequence

from eval.report import figures
from eval.report.analysis import Analysis, analyse, spent
from eval.report.axis import SCORE, Axis
from eval.report.charts import interval
from eval.report.evidence import evidence_of, linked_parts
from eval.report.page import Tile, render
from eval.report.verdict import right_when_answered, total, verdict
from eval.report.wording import between, duration, percent
from eval.report.worst import RULE
from eval.runs.compare import Comparison, Difference
from eval.runs.record import Run

LEAST_CONFIDENCE = 30
"""Answers below which a curve of confidence would show chance."""
LEAST_REACH = 0.05
MOST_CHANGES = 12
"""Wins and losses that are listed, each."""
OPEN_CARDS = 3
"""Worst answers that are unfolded at first."""
LONGEST_ANSWER, MOST_SENTENCES, MOST_PASSAGES = 3000, 25, 8


def to_html(run: Run, comparison: Comparison | None = None) -> str:
    """The page. Whatever came from users, documents or models is escaped; of long texts only a part is shown,
    with a note, so that the size does not grow with the number of cases.
    """
    analysis = analyse(run)
    axis = _score_axis(analysis)
    intervals = [one.interval for one in analysis.summaries.values() if one.interval]
    changes = comparison.changes if comparison else ()
    curve = analysis.curve if len(analysis.outcomes) >= LEAST_CONFIDENCE else None
    return render(
        "report.html.j2",
        title=f"Evaluation of {run.setup.collection}",
        kicker=f"{run.setup.created_at:%d %B %Y, %H:%M} UTC",
        nav=_sections(analysis, comparison),
        run=run,
        analysis=analysis,
        comparison=comparison,
        verdict=" ".join(verdict(analysis, comparison)),
        tiles=_tiles(analysis),
        wins=[one for one in changes if one.second > one.first],
        losses=[one for one in changes if one.second < one.first],
        most_changes=MOST_CHANGES,
        axis=axis,
        unit_axis=SCORE,
        difference_axis=_difference_axis,
        interval=interval,
        flat_interval=any(one.low == one.high for one in intervals),
        score_figures=figures.score_histograms(analysis),
        least_confidence=LEAST_CONFIDENCE,
        coverage=figures.coverage(analysis, curve) if curve else None,
        thresholds=figures.thresholds(analysis, curve) if curve else (),
        calibration=figures.calibration(analysis.calibration) if curve and analysis.calibration else None,
        time_figures=figures.times(analysis),
        spent=spent(run),
        worst_rule=RULE,
        open_cards=OPEN_CARDS,
        longest_answer=LONGEST_ANSWER,
        most_sentences=MOST_SENTENCES,
        most_passages=MOST_PASSAGES,
        evidence_of=evidence_of,
        linked_parts=linked_parts,
    )


def _sections(analysis: Analysis, comparison: Comparison | None) -> list[tuple[str, str]]:
    """Ids and names of the sections that the page has."""
    sections = (
        ("verdict", "In short", True),
        ("baseline", "Baseline", comparison),
        ("scores", "Scores", True),
        ("confidence", "Confidence", analysis.curve and analysis.calibration and analysis.metric),
        ("slices", "Slices", analysis.slices and analysis.main),
        ("time", "Time and cost", analysis.stages),
        ("worst", "Worst answers", analysis.worst),
        ("missing", "Missing", analysis.reasons or analysis.failures or analysis.errors),
        ("setup", "Setup", True),
    )
    return [(ident, name) for ident, name, shown in sections if shown]


def _tiles(analysis: Analysis) -> list[Tile]:
    counts = analysis.counts
    share = percent(counts.answered / counts.cases) if counts.cases else ""
    tiles = [Tile("Answered", f"{counts.answered:,} of {counts.cases:,}", share)]
    faithful = analysis.summaries.get("faithfulness")
    if faithful and faithful.interval:
        value = percent(faithful.interval.mean)
        tiles.append(Tile("Supported by passages", value, between(faithful.interval)))
    right = right_when_answered(analysis)
    if right:
        note = f"{between(right)} by {analysis.metric}"
        tiles.append(Tile("Right when answered", percent(right.mean), note))
    if counts.unanswerable:
        note = "that the collection does not answer"
        tiles.append(Tile("Rightly declined", f"{counts.declined:,} of {counts.unanswerable:,}", note))
    whole = total(analysis)
    if whole:
        tiles.append(Tile("Median time", duration(whole.p50), f"95% within {duration(whole.p95)}"))
    return tiles


def _score_axis(analysis: Analysis) -> Axis:
    """From 0 to 1, or as far as some metric's interval reaches."""
    known = [one.interval for one in analysis.summaries.values() if one.interval]
    ends = [end for one in known for end in (one.low, one.high)]
    return SCORE if all(0 <= end <= 1 for end in ends) else Axis().fitted([0.0, 1.0, *ends])


def _difference_axis(rows: Sequence[Difference]) -> Axis:
    """The axis of a forest plot, which reaches as far to both sides."""
    ends = [abs(end) for one in rows for end in (one.difference.low, one.difference.high)]
    reach = Axis(low=0.0).fitted([max([LEAST_REACH, *ends])]).high or 1.0
    return Axis(low=-reach, high=reach)
