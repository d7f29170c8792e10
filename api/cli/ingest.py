"""`footnote ingest`: a folder or URL into a collection, once or with --watch on and on."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.options import FAILED, Collection, Data, Json, settings_from
from rag.errors import Conflict
from rag.settings import Settings

if TYPE_CHECKING:
    from ingest.types import SyncOptions
    from jobs.progress import OnProgress
    from rag.types import Job

app = typer.Typer(add_completion=False)


@app.command()
def ingest(
    path: Annotated[str, typer.Argument(help="A folder, a file, or a URL such as s3://bucket/prefix.")],
    collection: Collection = "default",
    delete_missing: Annotated[
        bool, typer.Option("--delete-missing", help="Delete documents whose file is gone from the folder.")
    ] = False,
    include: Annotated[
        list[str] | None,
        typer.Option(
            "--include", metavar="PATTERN", help="Only such files, as in gitignore; may be repeated."
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option("--exclude", metavar="PATTERN", help="No such files or folders; may be repeated."),
    ] = None,
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", help="Delete every document when the folder is empty.")
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on, and sync again on changes.")] = False,
    every: Annotated[
        float, typer.Option(min=1, metavar="SECONDS", help="With --watch: look at everything so often.")
    ] = 600,
    report: Annotated[
        bool, typer.Option("--report", help="Then say what became of the collection's files, by format.")
    ] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Read a folder into a collection, which is made if need be. What did not change is skipped."""
    from ingest.types import SyncOptions

    settings = settings_from(data=data)
    options = SyncOptions(delete_missing, tuple(include or ()), tuple(exclude or ()), allow_empty)
    if watch:
        from api.cli.watch import watch_and_report

        watch_and_report(settings, collection, path, options, every=every, as_json=json)
    elif not _ingest_and_report(settings, collection, path, options, as_json=json, by_format=report):
        raise typer.Exit(FAILED)


def _ingest_and_report(
    settings: Settings,
    collection: str,
    path: str,
    options: SyncOptions,
    *,
    as_json: bool,
    by_format: bool,
) -> bool:
    """Ingest with a bar and a table at the end, or the job as the API's JSON; whether it succeeded."""

    from api.cli.jobs import ingest_bar, print_formats, print_job
    from api.http.schemas.jobs import JobOut
    from ingest.formats import formats
    from jobs.progress import Progress
    from rag.store import Store

    last: Progress | None = None

    def show(progress: Progress) -> None:
        nonlocal last
        last = progress
        bar.update(progress.done, progress.total, progress.chunks_per_second, progress.source)

    started = time.monotonic()
    with ingest_bar(quiet=as_json) as bar:
        job = _ingest_folder(settings, collection, path, options, on_progress=show)
    if as_json:
        typer.echo(JobOut.of(job).model_dump_json(indent=2))
    else:
        print_job(job, last.chunks if last else 0, time.monotonic() - started)
    if by_format and not as_json:
        with Store.open(settings.store_url) as store:
            print_formats(formats(store, collection))
    return job.status == "succeeded"


def _ingest_folder(
    settings: Settings, collection: str, path: str, options: SyncOptions, *, on_progress: OnProgress
) -> Job:
    """Bring a collection (made if need be) in line with a folder or URL; returns the finished job.

    Interrupted, the job stays in the store and the next worker goes on with it.
    """
    from api.cli.jobs import working_off
    from ingest.handler import ingest_worker
    from ingest.submit import location, submit_folder
    from rag.store import Store

    root = location(path)  # before anything is made
    with (
        Store.open(settings.store_url) as store,
        working_off(settings, store, lambda: ingest_worker(settings, store)) as work_off,
    ):
        with suppress(Conflict):
            store.collections.create(collection)
        job = submit_folder(store, collection, root, options, skip=[settings.data])
        work_off(job, on_progress)
        return store.jobs.get(job.id)
