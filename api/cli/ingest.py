"""Ingest from the command line: a running service has a worker for it; without one this process works."""

from __future__ import annotations

import time
from contextlib import suppress

import typer

from api.cli.console import ingest_bar, print_formats, print_job
from api.cli.worker import working_off
from api.http.schemas.jobs import JobOut
from ingest.formats import formats
from ingest.handler import ingest_worker
from ingest.submit import location, submit_folder
from ingest.types import SyncOptions
from jobs.progress import OnProgress, Progress
from rag.errors import Conflict
from rag.settings import Settings
from rag.store import Store
from rag.types import Job


def ingest_folder(
    settings: Settings, collection: str, path: str, options: SyncOptions, *, on_progress: OnProgress
) -> Job:
    """Bring a collection (made if need be) in line with a folder or URL; returns the finished job.

    Interrupted, the job stays in the store and the next worker goes on with it.
    """
    root = location(path)  # before anything is made
    with (
        Store.open(settings.store_url) as store,
        working_off(settings, lambda: ingest_worker(settings, store), store) as work_off,
    ):
        with suppress(Conflict):
            store.collections.create(collection)
        job = submit_folder(store, collection, root, options, skip=[settings.data])
        work_off(job, on_progress)
        return store.jobs.get(job.id)


def ingest_and_report(
    settings: Settings,
    collection: str,
    path: str,
    options: SyncOptions,
    *,
    as_json: bool,
    by_format: bool = False,
) -> Job:
    """ingest_folder with a progress bar and a table at the end, or the job as the API's JSON."""
    last: Progress | None = None

    def show(progress: Progress) -> None:
        nonlocal last
        last = progress
        bar.update(progress.done, progress.total, progress.chunks_per_second, progress.source)

    started = time.monotonic()
    with ingest_bar(quiet=as_json) as bar:
        job = ingest_folder(settings, collection, path, options, on_progress=show)
    if as_json:
        typer.echo(JobOut.of(job).model_dump_json(indent=2))
    else:
        print_job(job, last.chunks if last else 0, time.monotonic() - started)
    if by_format and not as_json:
        with Store.open(settings.store_url) as store:
            print_formats(formats(store, collection))
    return job
