"""`footnote eval run` and `repeat`: the evaluation of eval/ on an service of this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from eval.cases import parse_layout, read_cases
from eval.metrics.registry import chosen
from eval.report import to_json, to_markdown
from eval.report.files import read_run, write_run
from eval.runs.compare import check_gates, compare, failures, parse_gates, worse
from eval.runs.execute import RunRequest, execute
from eval.runs.journal import SETUP, in_folder, read_run_cases, read_setup
from eval.runs.record import Run, Setup
from eval.runs.setup import ANSWERING, AUTOMATIC, AskOptions
from rag.errors import InvalidInput
from rag.service import open_service
from rag.settings import Settings


@dataclass(frozen=True, slots=True)
class Wanted:
    """What becomes of a run: where it is written, what it must reach, what it is compared with."""

    out: Path | None = None
    fresh: bool = False
    gates: Sequence[str] = ()
    baseline: Path | None = None
    as_json: bool = False


def run_and_report(
    settings: Settings, cases: Path, layout: str | None, asked: RunRequest, wanted: Wanted
) -> bool:
    """Ask, score, print and write; whether all was asked and what must be reached was.

    `layout` is what the file is (cases, ragas, squad, spans, beir), None to tell by its content.
    """
    found = read_cases(cases, parse_layout(layout) if layout else None)
    return _run(settings, replace(asked, cases=found, cases_file=cases.name), wanted)


def repeat_and_report(
    settings: Settings, folder: Path, asked: RunRequest, wanted: Wanted, given: Mapping[str, object]
) -> bool:
    """The same for the run of a folder (or of its run.json), with its cases, metrics, seed and settings, but
    for those `given`.
    """
    folder = folder.parent if folder.name == SETUP else folder
    wanted = replace(wanted, baseline=folder)
    before = read_setup(folder)
    mode, check = before.settings.get("mode", "auto"), before.settings.get("check")
    asking = AskOptions(int(before.settings.get("k") or 5), mode, check)  # type: ignore[arg-type]
    again = replace(
        asked,
        cases=read_run_cases(folder),
        collection=before.collection,
        metrics=before.metrics,
        asking=asking,
        seed=before.seed,
        cases_file=before.cases_file,
    )
    return _run(changed(as_before(settings, before), given), again, wanted)


def as_before(settings: Settings, before: Setup) -> Settings:
    """The settings with those of a run that answers depend on. The LLM's address and key are not kept in a
    run, so that they stay as they are.
    """
    kept = {name: before.settings[name] for name in ANSWERING if name in before.settings}
    del kept["llm_url"]
    if kept.get("precision") == AUTOMATIC:
        del kept["precision"]
        settings = settings.model_copy()
        settings.model_fields_set.discard("precision")
    return changed(settings, kept)


def changed(settings: Settings, given: Mapping[str, object]) -> Settings:
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


def _run(settings: Settings, asked: RunRequest, wanted: Wanted) -> bool:
    gates = parse_gates(wanted.gates)
    check_gates(gates, [measure.name for measure in chosen(asked.metrics)])
    before = read_run(wanted.baseline) if wanted.baseline else None
    run = _executed(settings, asked, wanted)
    names = str(wanted.baseline), str(wanted.out or "this run")
    comparison = compare(before, run, names=names) if before else None
    if wanted.out:
        write_run(run, asked.cases, wanted.out, comparison)
    typer.echo(to_json(run, comparison) if wanted.as_json else to_markdown(run, comparison))
    told = failures(run, gates)
    if len(run.rows) < run.setup.cases:
        told.append(
            f"stopped after {len(run.rows)} of {run.setup.cases} questions: the cost limit is reached"
        )
    for line in told:
        typer.echo(line, err=True)
    return not told and not (comparison and worse(comparison))


def _executed(settings: Settings, asked: RunRequest, wanted: Wanted) -> Run:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        closing(open_service(settings)) as service,
        Progress(
            *columns, console=console, transient=True, disable=wanted.as_json or not console.is_terminal
        ) as bar,
    ):
        task = bar.add_task("asking", total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        journal = in_folder(wanted.out, fresh=wanted.fresh) if wanted.out else None
        return execute(service, asked, journal, show)
