"""`footnote adapt`: by the worker of a running service, else in this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from adapt.jobs import AdaptHandler, submit
from adapt.questions import read_questions
from adapt.types import FULL_STAGES, Options
from api.cli.console import out
from api.cli.jobs import working_off
from api.cli.options import FAILED, Data, Json, settings_from
from api.http.schemas.adapt import AdaptationOut, PieceOut, RolledBack, VersionOut
from jobs.progress import OnProgress
from jobs.progress import Progress as JobProgress
from jobs.worker import Worker
from rag.models.registry import load_encoder
from rag.settings import Settings
from rag.store import Store

app = typer.Typer(add_completion=False)


@app.command()
def adapt(
    collection: Annotated[str, typer.Argument(help="The collection to fit search to.")],
    questions: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Your questions as .jsonl: question, and source or quote."),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Fine-tune the encoder too (extra train).")] = False,
    trust_synthetic: Annotated[
        bool, typer.Option("--trust-synthetic", help="Use what wins on made-up questions alone.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same questions.")] = 0,
    rollback: Annotated[bool, typer.Option("--rollback", help="Go back to the version before.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Show every version and what its gates said.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Learn how to search one collection better; only what wins on held-out questions is used."""
    settings, options = settings_from(data=data), Options(seed, full, trust_synthetic)
    if rollback:
        _roll_back(settings, collection, as_json=json)
    elif show:
        _show_versions(settings, collection, as_json=json)
    elif not _adapt_and_report(settings, collection, questions, options, as_json=json):
        raise typer.Exit(FAILED)


def _adapt_and_report(
    settings: Settings, collection: str, questions: Path | None, options: Options, *, as_json: bool
) -> bool:
    """Adapt, then print what the gates said, as a table or as the API's JSON; whether the job succeeded."""
    given = read_questions(questions) if questions else []
    with Store.open(settings.store_url) as store:
        job = submit(store, collection, given, options)
        handler = AdaptHandler(settings, store)
        with (
            working_off(settings, store, lambda: Worker(store, jobs=[handler])) as work_off,
            _bar(quiet=as_json) as show,
        ):
            work_off(job, show)
        ended = store.jobs.get(job.id)
        if ended.status == "succeeded":
            _print(_versions(settings, store, collection, newest=True), as_json=as_json)
            return True
        for error in ended.errors:
            Console(stderr=True).print(f"error [{error.code}] {error.message}", markup=False, soft_wrap=True)
        return False


def _show_versions(settings: Settings, collection: str, *, as_json: bool) -> None:
    """Print every version, newest first."""
    with Store.open(settings.store_url) as store:
        _print(_versions(settings, store, collection, newest=False), as_json=as_json)


def _roll_back(settings: Settings, collection: str, *, as_json: bool) -> None:
    """Go back to the version before; a running service searches with it from the next query on."""
    with Store.open(settings.store_url) as store:
        active = store.learned.rollback(collection)
    said = f"{collection} is searched with " + (
        f"version {active}." if active else "the defaults (version 0)."
    )
    typer.echo(RolledBack(active=active).model_dump_json(indent=2) if as_json else said)


def _versions(settings: Settings, store: Store, collection: str, *, newest: bool) -> AdaptationOut:
    bound = store.collections.get(collection).encoder
    info = load_encoder(bound.name if bound else settings.encoder, settings).info
    records = store.learned.all(collection)[: 1 if newest else None]
    active = store.collections.get(collection).profile
    return AdaptationOut(active=active, versions=[VersionOut.of(record, info) for record in records])


@contextmanager
def _bar(*, quiet: bool) -> Iterator[OnProgress]:
    """A bar over the stages on standard error, silent where nobody looks."""
    console = Console(stderr=True, highlight=False)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[of]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task("starting", total=None, of="")

        def show(progress: JobProgress) -> None:
            stage = progress.source or FULL_STAGES[min(progress.job.counts.added, len(FULL_STAGES) - 1)]
            total = progress.total if progress.source else 0
            of = f"{progress.done} of {total}" if total else ""
            bar.update(
                task, description=stage, completed=progress.done if total else 0, total=total or None, of=of
            )

        yield show


def _print(found: AdaptationOut, *, as_json: bool) -> None:
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
        return
    console = out()
    for version in found.versions:
        _print_version(console, version)
    console.print(f"In force: {f'version {found.active}' if found.active else 'the defaults (version 0)'}.")


def _print_version(console: Console, version: VersionOut) -> None:
    state = "in force" if version.active else "adopted earlier" if version.adopted else "nothing adopted"
    count = sum(version.questions.values())
    console.print(
        f"Version {version.version}, {state}: {count} questions, {version.minutes:.1f} minutes "
        f"({version.processor_minutes:.1f} of processor), "
        f"judged on {version.judged_on}, seed {version.seed}"
    )
    table = Table("piece", "", "nDCG@10", "before", "plain fusion", "gain", "reason")
    for piece in version.pieces:
        table.add_row(*_row(piece))
    console.print(table)
    for note in (*version.notes, *([version.note] if version.note else [])):
        console.print(Text(note, "yellow"), soft_wrap=True)


def _row(piece: PieceOut) -> tuple[str, ...]:
    gain = f"{piece.gain.mean:+.3f} ({piece.gain.low:+.3f} to {piece.gain.high:+.3f})"
    reason = f"{piece.learned}: {piece.reason}" if piece.learned else piece.reason
    numbers = (piece.ndcg10, piece.ndcg10_before, piece.ndcg10_plain_fusion)
    return (piece.piece, "yes" if piece.accepted else "no", *(f"{n:.3f}" for n in numbers), gain, reason)
