"""An evaluation by models of this process: settings, progress, report and exit status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from eval.metrics.registry import chosen
from eval.report.files import read_run, write_run
from eval.report.json import to_json
from eval.report.markdown import to_markdown
from eval.runs.compare import compare, worse
from eval.runs.execute import RunRequest, execute
from eval.runs.gates import check_gates, failures, parse_gates
from eval.runs.journal import in_folder
from eval.runs.record import Run
from footnote.service import open_with_stage
from rag.errors import InvalidInput
from rag.settings import Settings


@dataclass(frozen=True, slots=True)
class Output:
    """What becomes of a run: where it is written, what it must reach, what it is compared with."""

    out: Path | None = None
    fresh: bool = False
    gates: Sequence[str] = ()
    baseline: Path | None = None
    as_json: bool = False


def execute_and_report(settings: Settings, request: RunRequest, output: Output) -> bool:
    """Ask, score, print and write; whether all was asked and what must be reached was."""
    gates = parse_gates(output.gates)
    check_gates(gates, [measure.name for measure in chosen(request.metrics)])
    before = read_run(output.baseline) if output.baseline else None
    run = _executed(settings, request, output)
    names = str(output.baseline), str(output.out or "this run")
    comparison = compare(before, run, names=names) if before else None
    if output.out:
        write_run(run, request.cases, output.out, comparison)
    typer.echo(to_json(run, comparison) if output.as_json else to_markdown(run, comparison))
    problems = failures(run, gates)
    if len(run.rows) < run.setup.cases:
        problems.append(
            f"stopped after {len(run.rows)} of {run.setup.cases} questions: the cost limit is reached"
        )
    for line in problems:
        typer.echo(line, err=True)
    return not problems and not (comparison and worse(comparison))


def with_settings(settings: Settings, given: Mapping[str, object]) -> Settings:
    """The settings with other values; raises InvalidInput `invalid_setting`."""
    for name in given:
        if name not in Settings.model_fields:
            raise InvalidInput(f"There is no setting {name!r}.", code="invalid_setting")
    known = {name: getattr(settings, name) for name in settings.model_fields_set}
    try:
        return Settings.model_validate({**known, **given})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(f"setting {name}: {first['msg']}", code="invalid_setting") from error


def parse_settings(given: Sequence[str]) -> dict[str, object]:
    """Settings from NAME=VALUE; raises InvalidInput `invalid_setting`."""
    parts = [text.partition("=") for text in given]
    for name, equals, value in parts:
        if not (name and equals):
            raise InvalidInput(f"{name + value!r} is no setting; write NAME=VALUE.", code="invalid_setting")
    return {name.strip(): value.strip() for name, _, value in parts}


def _executed(settings: Settings, request: RunRequest, output: Output) -> Run:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        closing(open_with_stage(settings)) as service,
        Progress(
            *columns, console=console, transient=True, disable=output.as_json or not console.is_terminal
        ) as bar,
    ):
        task = bar.add_task("asking", total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        journal = in_folder(output.out, fresh=output.fresh) if output.out else None
        return execute(service, request, journal, show)
