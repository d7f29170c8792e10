"""Processes that write to a store, started from a clean server process that has everything imported."""

from __future__ import annotations

import itertools
import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path

from rag.store import Store, document_id
from tests.contract.store_making import make_document

Report = Callable[[str], None]


def processes() -> ForkServerContext:
    """Where to start processes: forks of this one would inherit its threads, new ones import for a second."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def write(store: Store, collection: str, name: str, count: int | None = None, report: Report = len) -> None:
    """Put `count` documents (None: without end) named NAME-<n>, replace every third, delete every seventh.

    Reports each change once it is committed: `put SOURCE CHARACTERS` or `delete SOURCE`.
    """
    for n in itertools.count() if count is None else range(count):
        source = f"{name}-{n}"
        text = f"{source} says something of its own. " * 20
        _put(store, collection, source, text, report)
        if n % 3 == 0:
            _put(store, collection, source, text + "And more.", report)
        if n % 7 == 0:
            store.documents.delete(document_id(collection, source))
            report(f"delete {source}")


def write_to(url: str, collection: str, name: str, count: int) -> None:
    """The same, as a process."""
    with Store.open(url) as store:
        write(store, collection, name, count)


def write_without_end(url: str, collection: str, name: str, reports: Path) -> None:
    """The same until it is killed, with its reports in a file, one a line."""
    with open(reports, "a", buffering=1) as file, Store.open(url) as store:
        write(store, collection, name, None, lambda line: print(line, file=file))


def first_start(url: str, collection: str, ready: Barrier) -> None:
    """Open a store at the same moment as others, and make a collection."""
    ready.wait()
    with Store.open(url) as store:
        store.collections.create(collection)


def hold(url: str, name: str, held: Event) -> None:
    """Hold a lock until killed."""
    with Store.open(url) as store, store.locks.exclusive(name) as mine:
        if mine:
            held.set()
        time.sleep(600)


def _put(store: Store, collection: str, source: str, text: str, report: Report) -> None:
    store.documents.put(make_document(collection, source, text, range(0, len(text), 40)))
    report(f"put {source} {len(text)}")
