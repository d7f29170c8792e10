"""`footnote eval agreement`: metrics against people's labels, by the models of this process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress

from eval.agreement.compare import Options, compare_files, to_json, write_files
from eval.agreement.layout import parse_condition
from eval.agreement.report import markdown
from rag.models.loaded import Models
from rag.settings import Settings


def options_from(
    *,
    metrics: Sequence[str] | None,
    scores: Sequence[str] | None,
    layout: str | None,
    label: str | None,
    positive: Sequence[str] | None,
    names: Sequence[str] | None,
    where: Sequence[str] | None,
    slices: Sequence[str] | None,
    most: int | None,
    mistakes: int,
    seed: int,
) -> Options:
    """The options of the command line. Raises typer.BadParameter for a field that is not OURS=THEIRS, and
    InvalidInput `bad_condition`.
    """
    fields = dict(_pair(text) for text in names or ())
    if label is not None:
        fields["label"] = label
    return Options(
        tuple(metrics or ()),
        tuple(scores or ()),
        layout,
        fields,
        tuple(positive or ()),
        tuple(parse_condition(text) for text in where or ()),
        tuple(slices or ()),
        most,
        mistakes,
        seed,
    )


def compare_and_report(
    settings: Settings, paths: Sequence[Path], options: Options, out: Path | None, *, as_json: bool
) -> None:
    """Print the tables as Markdown or JSON; with `out` also write them there, with a picture."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=as_json or not console.is_terminal) as bar:
        task = bar.add_task("judging", total=None)

        def show(name: str, done: int, total: int) -> None:
            bar.update(task, description=name, completed=done, total=total)

        found = compare_files(paths, options, Models(settings), show)
    if out is not None:
        write_files(found, out)
    typer.echo(to_json(found) if as_json else markdown(found))


def _pair(text: str) -> tuple[str, str]:
    ours, equals, theirs = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text!r} is not OURS=THEIRS", param_hint="--field")
    return ours.strip(), theirs.strip()
