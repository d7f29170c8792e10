"""`footnote eval repeat`: the cases of an earlier run once more."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.eval.execution import Output, execute_and_report, parse_settings, with_settings
from api.cli.eval.options import (
    AnswerSeconds,
    AtOnce,
    FailUnder,
    Fresh,
    MaxCost,
    MetricSeconds,
    OutDir,
    Overrides,
)
from api.cli.options import FAILED, Data, Json, settings_from
from eval.runs.execute import Limits, RunRequest
from eval.runs.journal import SETUP, read_run_cases, read_setup
from eval.runs.record import Setup
from eval.runs.setup import ANSWERING, AUTOMATIC, AskOptions
from rag.settings import Settings

app = typer.Typer(add_completion=False)


@app.command()
def repeat(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run, or its run.json.")],
    out: OutDir = None,
    fresh: Fresh = False,
    fail_under: FailUnder = None,
    given: Overrides = None,
    at_once: AtOnce = 1,
    answer_timeout: AnswerSeconds = 120,
    metric_timeout: MetricSeconds = 60,
    max_cost: MaxCost = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Ask the cases of an earlier run again, with its metrics, settings and seed, and compare."""
    folder = run.parent if run.name == SETUP else run
    before = read_setup(folder)
    limits = Limits(at_once, answer_timeout, metric_timeout, max_cost)
    settings = with_settings(_as_before(settings_from(data=data), before), parse_settings(given or ()))
    output = Output(out, fresh, fail_under or (), folder, json)
    if not execute_and_report(settings, _request_of(folder, before, limits), output):
        raise typer.Exit(FAILED)


def _request_of(folder: Path, before: Setup, limits: Limits) -> RunRequest:
    """The cases of a run with its collection, metrics and seed."""
    mode, check = before.settings.get("mode", "auto"), before.settings.get("check")
    options = AskOptions(int(before.settings.get("k") or 5), mode, check)  # type: ignore[arg-type]
    return RunRequest(
        read_run_cases(folder),
        before.collection,
        before.metrics,
        options,
        limits,
        before.seed,
        cases_file=before.cases_file,
    )


def _as_before(settings: Settings, before: Setup) -> Settings:
    """The settings with those of a run that answers depend on. The LLM's address and key are not kept in a
    run, so that they stay as they are.
    """
    kept = {name: before.settings[name] for name in ANSWERING if name in before.settings}
    del kept["llm_url"]
    if kept.get("precision") == AUTOMATIC:
        del kept["precision"]
        settings = settings.model_copy()
        settings.model_fields_set.discard("precision")
    return with_settings(settings, kept)
