"""`footnote worker`: every handler there is, and who works when a command waits for a job."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType

from api.service import find_running, stop_on_signal, stop_with_parent
from jobs.progress import OnProgress, follow
from jobs.worker import Worker
from rag.settings import Settings
from rag.store import Store
from rag.types import Job

WorkOff = Callable[[Job, OnProgress], None]
"""Waits for the end of a job, telling how far it is."""


def run_worker(settings: Settings, *, drain: bool, with_parent: bool) -> None:
    """Work until told to stop, with `drain` until no job is pending, `with_parent` until the parent ends."""
    if with_parent:
        stop_with_parent()
    with Store.open(settings.store_url) as store, full_worker(settings, store) as worker:
        if drain:
            with stop_on_signal():
                worker.drain()
        else:
            with _stop_event() as stop:
                worker.run(stop)


def full_worker(settings: Settings, store: Store) -> Worker:
    """A worker for jobs of every kind, and for what is periodic."""
    from adapt.jobs import AdaptHandler
    from eval.evaluations import EvaluationHandler
    from eval.online.scoring import OnlineScorer
    from ingest.handler import IngestHandler
    from ingest.reembed import LeftoverVectors, ReembedHandler

    return Worker(
        store,
        IngestHandler(settings, store),
        [AdaptHandler(settings, store), ReembedHandler(settings, store), EvaluationHandler(settings, store)],
        [LeftoverVectors(store), OnlineScorer(settings, store)],
    )


@contextmanager
def working_off(settings: Settings, make: Callable[[], Worker], store: Store) -> Iterator[WorkOff]:
    """What sees jobs through to their end: a running service's worker, else the one that `make` makes."""
    with ExitStack() as opened:
        workers: list[Worker] = []

        def work_off(job: Job, on_progress: OnProgress) -> None:
            running = find_running(settings.data)
            if running is not None and running.worker:
                for progress in follow(store, job.id):
                    on_progress(progress)
                return
            if not workers:
                workers.append(opened.enter_context(make()))
            # drain() also finishes what an earlier run left behind; only this job is shown.
            workers[0].drain(lambda progress: on_progress(progress) if progress.job.id == job.id else None)

        yield work_off


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
