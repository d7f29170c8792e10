"""Ingest from the command line: a running service has a worker for it; without one this process works."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import FrameType

import typer

from adapt.jobs import AdaptationWorker
from api.cli.console import ingest_bar, print_formats, print_job
from api.http.schemas.jobs import JobOut
from api.service import find_running, stop_on_signal, stop_with_parent
from eval.online.scoring import OnlineScorer
from ingest.formats import formats
from ingest.reembed import ReembeddingWorker
from ingest.submit import location, submit_folder
from ingest.types import Progress, SyncOptions
from ingest.worker import Worker, follow
from rag.errors import Conflict
from rag.settings import Settings
from rag.store import Store
from rag.types import Job

OnProgress = Callable[[Progress], None]
CarryOut = Callable[[Job, OnProgress], None]


def run_worker(settings: Settings, *, drain: bool, with_parent: bool) -> None:
    """Work until told to stop, with `drain` until no job is pending, `with_parent` until the parent ends."""
    if with_parent:
        stop_with_parent()
    store = Store.open(settings.store_url)
    worker, adaptations = Worker(settings, store=store), AdaptationWorker(settings, store)
    reembeddings, scorer = ReembeddingWorker(settings, store), OnlineScorer(settings, store)
    try:
        if drain:
            with stop_on_signal():
                worker.drain()
                adaptations.drain()
                reembeddings.drain()
                scorer.drain()
        else:
            with _stop_event() as stop, ExitStack() as beside:
                for others in (adaptations, reembeddings, scorer):
                    beside.enter_context(_beside(others, stop))
                worker.run(stop)
    finally:
        worker.close()
        store.close()


def ingest_folder(
    settings: Settings, collection: str, path: str, options: SyncOptions, *, on_progress: OnProgress
) -> Job:
    """Bring a collection (made if need be) in line with a folder or URL; returns the finished job.

    Interrupted, the job stays in the store and the next worker goes on with it.
    """
    root = location(path)  # before anything is made
    with Store.open(settings.store_url) as store, carrying_out(settings, store) as carry_out:
        with suppress(Conflict):
            store.collections.create(collection)
        job = submit_folder(store, collection, root, options, skip=[settings.data])
        carry_out(job, on_progress)
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


@contextmanager
def carrying_out(settings: Settings, store: Store) -> Iterator[CarryOut]:
    """What carries jobs out to their end, here or by following the worker of a running service."""
    with ExitStack() as opened:
        workers: list[Worker] = []

        def carry_out(job: Job, on_progress: OnProgress) -> None:
            running = find_running(settings.data)
            if running is not None and running.worker:
                for progress in follow(store, job.id):
                    on_progress(progress)
                return
            if not workers:
                workers.append(opened.enter_context(Worker(settings, store=store)))
            # drain() also finishes what an earlier run left behind; only this job is shown.
            workers[0].drain(lambda progress: on_progress(progress) if progress.job.id == job.id else None)

        yield carry_out


@contextmanager
def _beside(
    others: AdaptationWorker | ReembeddingWorker | OnlineScorer, stop: threading.Event
) -> Iterator[None]:
    """Work of another kind in a thread while the block runs; both end by `stop`."""
    thread = threading.Thread(target=others.run, args=(stop,), name=type(others).__name__)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def _stop_event() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set, so that the file at hand is finished first."""
    event = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        event.set()

    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield event
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
