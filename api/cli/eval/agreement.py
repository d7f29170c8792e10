"""`footnote eval agreement`: metrics against people's labels, by models of this process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from api.cli.options import Json, settings_from
from eval.agreement.compare import Options, compare_files, to_json, write_files
from eval.agreement.layout import parse_condition
from eval.agreement.report import markdown
from rag.models.loaded import Models
from rag.settings import Settings

app = typer.Typer(add_completion=False)


@app.command()
def agreement(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE…", help="Labelled rows as .jsonl, .csv or a run's report.json."),
    ],
    metric: Annotated[
        list[str] | None,
        typer.Option("--metric", "-m", help="Compare this metric; may be repeated.", show_default="support"),
    ] = None,
    score: Annotated[
        list[str] | None,
        typer.Option("--score", metavar="FIELD", help="Compare a score that the rows hold; may be repeated."),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(metavar="FIELD", help="The field with the person's label.", show_default="label"),
    ] = None,
    positive: Annotated[
        list[str] | None,
        typer.Option(metavar="CLASS", help="A class that counts as 1, all others as 0; may be repeated."),
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OURS=THEIRS", help="Where a field is, such as response=claim; may be repeated."
        ),
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Read as this known set.", show_default="by the file's name"),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=VALUE", help="Only rows with this value; may be repeated."),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option("--slice", metavar="FIELD", help="Also show each value of a field; may be repeated."),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(min=2, metavar="N", help="Draw so many rows of each file.", show_default="all"),
    ] = None,
    mistakes: Annotated[
        int, typer.Option(min=0, metavar="N", help="Rows to show that are farthest off.")
    ] = 10,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same rows and resamples.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write agreement.json, .md and .svg here."),
    ] = None,
    json: Json = False,
) -> None:
    """Say how far metrics agree with people's labels, beside word overlap and sentence similarity."""
    options = _options(
        metrics=metric,
        scores=score,
        layout=layout,
        label=label,
        positive=positive,
        names=field,
        where=where,
        slices=by,
        most=sample,
        mistakes=mistakes,
        seed=seed,
    )
    _compare_and_report(settings_from(), files, options, out, as_json=json)


def _options(
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


def _compare_and_report(
    settings: Settings, paths: Sequence[Path], options: Options, out: Path | None, *, as_json: bool
) -> None:
    """Print the tables as Markdown or JSON; with `out` also write them there, with a picture."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=as_json or not console.is_terminal) as bar:
        task = bar.add_task("judging", total=None)

        def show(name: str, done: int, total: int) -> None:
            bar.update(task, description=name, completed=done, total=total)

        agreements = compare_files(paths, options, Models(settings), show)
    if out is not None:
        write_files(agreements, out)
    typer.echo(to_json(agreements) if as_json else markdown(agreements))


def _pair(text: str) -> tuple[str, str]:
    ours, equals, theirs = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text!r} is not OURS=THEIRS", param_hint="--field")
    return ours.strip(), theirs.strip()
