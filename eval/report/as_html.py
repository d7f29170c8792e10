"""A report as one HTML file that needs nothing beside itself: no network, no script."""

from __future__ import annotations

from markupsafe import Markup

from eval.report import sections
from eval.report.against import against
from eval.report.analysis import analyse
from eval.report.cards import worst_section
from eval.report.confidence import confidence
from eval.report.html import join
from eval.report.page import page
from eval.report.scores import scores
from eval.report.times import time_and_cost
from eval.runs.compare import Comparison
from eval.runs.record import Run

NAMES = (
    ("verdict", "In short"),
    ("baseline", "Baseline"),
    ("scores", "Scores"),
    ("confidence", "Confidence"),
    ("slices", "Slices"),
    ("time", "Time and cost"),
    ("worst", "Worst answers"),
    ("missing", "Missing"),
    ("setup", "Setup"),
)


def to_html(run: Run, comparison: Comparison | None = None) -> str:
    """The page. Whatever came from users, documents or models is escaped; of long texts only a part is shown,
    with a note, so that the size does not grow with the number of cases.
    """
    found = analyse(run)
    parts = {
        "verdict": sections.summary(found, comparison),
        "baseline": against(comparison) if comparison else None,
        "scores": scores(found),
        "confidence": confidence(found),
        "slices": sections.slices(found),
        "time": time_and_cost(found),
        "worst": worst_section(found),
        "missing": sections.missing(found),
        "setup": sections.setup(run),
    }
    shown: dict[str, Markup] = {name: part for name, part in parts.items() if part is not None}
    title = f"Evaluation of {run.setup.collection}"
    kicker = f"{run.setup.created_at:%d %B %Y, %H:%M} UTC"
    return page(title, join(shown.values()), kicker=kicker, nav=[pair for pair in NAMES if pair[0] in shown])
