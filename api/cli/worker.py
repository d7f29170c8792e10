"""`footnote worker`: background work until Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.options import Data, StopWithParent, log_to_stderr, settings_from
from api.service import stop_on_signal, stop_with_parent
from rag.settings import Settings

if TYPE_CHECKING:
    from adapt.jobs import AdaptationWorker
    from eval.online.scoring import OnlineScorer
    from ingest.reembed import ReembeddingWorker

app = typer.Typer(add_completion=False)


@app.command()
def worker(
    data: Data = None,
    drain: Annotated[bool, typer.Option("--drain", help="End when no job is left.")] = False,
    parent: StopWithParent = False,
) -> None:
    """Do the work of ingest jobs until Ctrl-C. Any number of workers may share a store."""
    settings = settings_from(data=data)
    log_to_stderr()
    if parent:
        stop_with_parent()
    _run(settings, drain=drain)


def _run(settings: Settings, *, drain: bool) -> None:
    """Work until told to stop, with `drain` until no job is pending."""
    from adapt.jobs import AdaptationWorker
    from eval.online.scoring import OnlineScorer
    from ingest.reembed import ReembeddingWorker
    from ingest.worker import Worker
    from rag.store import Store

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
