"""Options that several commands of `footnote eval` share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

CaseFormat = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAME",
        help="cases, ragas, squad, spans or beir.",
        show_default="told by the content",
    ),
]
Metrics = Annotated[
    list[str] | None,
    typer.Option(
        "--metric", "-m", help="Only this metric; may be repeated.", show_default="all that need no LLM"
    ),
]
OutDir = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="DIR",
        help="Write the run here as it goes, and then its report; a broken one goes on.",
    ),
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Begin anew, even if DIR holds an unfinished run.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Another value of a setting, for this run; repeatable."),
]
FailUnder = Annotated[
    list[str] | None,
    typer.Option(
        "--fail-under", metavar="METRIC=VALUE", help="End with status 1 below this mean; may be repeated."
    ),
]
Baseline = Annotated[
    Path | None,
    typer.Option(
        metavar="RUN", help="A finished run to compare with; status 1 when this one is surely worse."
    ),
]
AtOnce = Annotated[int, typer.Option("--at-once", min=1, max=64, help="Questions asked at a time.")]
AnswerSeconds = Annotated[float, typer.Option("--answer-timeout", min=0.1, help="Seconds for an answer.")]
MetricSeconds = Annotated[
    float, typer.Option("--metric-timeout", min=0.1, help="Seconds for a metric on an answer.")
]
MaxCost = Annotated[
    float | None,
    typer.Option(
        "--max-cost", min=0, help="Ask nothing more once this much is spent.", show_default="no limit"
    ),
]
