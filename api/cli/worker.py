"""`footnote worker`: background work until Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.options import Data, StopWithParent, log_to_stderr, settings_from
from api.service import stop_on_signal, stop_with_parent
from rag.settings import Settings

if TYPE_CHECKING:
    from jobs.worker import Worker
    from rag.store import Store

app = typer.Typer(add_completion=False)


@app.command()
def worker(
    data: Data = None,
    drain: Annotated[bool, typer.Option("--drain", help="End when no job is left.")] = False,
    parent: StopWithParent = False,
) -> None:
    """Work at jobs of every kind until Ctrl-C. Any number of workers may share a store."""
    settings = settings_from(data=data)
    log_to_stderr()
    if parent:
        stop_with_parent()
    _run(settings, drain=drain)


def full_worker(settings: Settings, store: Store) -> Worker:
    """A worker for jobs of every kind, and for what is periodic."""
    from adapt.jobs import AdaptHandler
    from eval.evaluations import EvaluationHandler
    from eval.online.scoring import OnlineScorer
    from ingest.handler import IngestHandler
    from ingest.reembed import LeftoverVectors, ReembedHandler
    from jobs.worker import Worker

    return Worker(
        store,
        IngestHandler(settings, store),
        [AdaptHandler(settings, store), ReembedHandler(settings, store), EvaluationHandler(settings, store)],
        [LeftoverVectors(store), OnlineScorer(settings, store)],
    )


def _run(settings: Settings, *, drain: bool) -> None:
    """Work until told to stop, with `drain` until no job is pending."""
    from rag.store import Store

    with Store.open(settings.store_url) as store, full_worker(settings, store) as worker:
        if drain:
            with stop_on_signal():
                worker.drain()
        else:
            with _stop_event() as stop:
                worker.run(stop)


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
