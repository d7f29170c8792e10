"""`footnote eval run`: every case request live, by models of this process."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.eval.execution import Output, execute_and_report, parse_settings, with_settings
from api.cli.eval.options import (
    AnswerSeconds,
    AtOnce,
    Baseline,
    CaseFormat,
    FailUnder,
    Fresh,
    MaxCost,
    Metrics,
    MetricSeconds,
    OutDir,
    Overrides,
)
from api.cli.options import FAILED, Check, Collection, Data, Json, Mode, settings_from
from eval.cases import parse_layout, read_cases
from eval.runs.execute import Limits, RunRequest
from eval.runs.setup import AskOptions

app = typer.Typer(add_completion=False)


@app.command()
def run(
    cases: Annotated[
        Path,
        typer.Argument(metavar="CASES", help="Questions: JSON Lines, CSV, RAGAS, SQuAD or a BEIR folder."),
    ],
    collection: Collection = "default",
    layout: CaseFormat = None,
    metric: Metrics = None,
    k: Annotated[int, typer.Option("-k", min=1, max=100, help="How many passages to answer from.")] = 5,
    mode: Annotated[Mode, typer.Option(help="Quote, write with the language model, or choose.")] = Mode.auto,
    check: Annotated[
        Check | None, typer.Option(help="What to do about unsupported sentences.", show_default="the setting")
    ] = None,
    out: OutDir = None,
    fresh: Fresh = False,
    fail_under: FailUnder = None,
    baseline: Baseline = None,
    given: Overrides = None,
    at_once: AtOnce = 1,
    answer_timeout: AnswerSeconds = 120,
    metric_timeout: MetricSeconds = 60,
    max_cost: MaxCost = None,
    seed: Annotated[int, typer.Option(min=0, help="Of what is drawn by chance.")] = 0,
    data: Data = None,
    json: Json = False,
) -> None:
    """Ask every case live, score the answers and report."""
    settings = with_settings(settings_from(data=data), parse_settings(given or ()))
    request = RunRequest(
        read_cases(cases, parse_layout(layout) if layout else None),
        collection,
        metric or None,
        AskOptions(k, mode.value, check.value if check else None),
        Limits(at_once, answer_timeout, metric_timeout, max_cost),
        seed,
        cases_file=cases.name,
    )
    output = Output(out, fresh, fail_under or (), baseline, json)
    if not execute_and_report(settings, request, output):
        raise typer.Exit(FAILED)
