"""`footnote ingest --watch`: syncs again when the folder changes, and everything now and then."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import typer
import watchfiles

from api.cli.console import print_error
from api.cli.jobs import WorkOff, print_pass, working_off
from api.http.schemas.jobs import JobOut
from api.service import stop_on_signal
from ingest.handler import ingest_worker
from ingest.patterns import IGNORE_FILE
from ingest.submit import location, submit_folder
from ingest.types import SyncOptions
from rag.errors import Conflict, RagError
from rag.settings import Settings
from rag.store import Store
from rag.types import Job

QUIET_MS = 400
"""A batch of changes ends when nothing has changed for so long …"""
LONGEST_MS = 5_000
"""… or has gone on for so long."""
MANY = 200
"""Changed paths from which the whole folder is looked at."""


def watch_and_report(
    settings: Settings, collection: str, path: str, options: SyncOptions, *, every: float, as_json: bool
) -> None:
    """Sync a folder (or URL), then again whenever it changes and every so many seconds, until Ctrl-C.

    Prints a line a pass, or the job as JSON. What a later pass raises is printed, and the next one tries
    again; of the first it ends the command. A URL is only looked at every so many seconds.
    """
    root = location(path)
    with (
        stop_on_signal(),
        Store.open(settings.store_url) as store,
        working_off(settings, store, lambda: ingest_worker(settings, store)) as work_off,
        _noticed(root, settings.data) as changes,
    ):
        with suppress(Conflict):
            store.collections.create(collection)
        sync = _Sync(settings, store, collection, root, options, work_off, as_json=as_json)
        sync.run(None)
        typer.echo(f"Watching {root}; Ctrl-C ends.", err=True)
        due = time.monotonic() + every
        while True:
            only = changes.wait(due - time.monotonic())
            if only is None:
                due = time.monotonic() + every
            try:
                sync.run(only)
            except RagError as error:
                print_error(error)


class _Sync:
    """One pass after another."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        collection: str,
        root: Path | str,
        options: SyncOptions,
        work_off: WorkOff,
        *,
        as_json: bool,
    ) -> None:
        self._skip = [settings.data]
        self._store = store
        self._collection = collection
        self._root = root
        self._options = options
        self._work_off = work_off
        self._as_json = as_json

    def run(self, only: tuple[str, ...] | None) -> None:
        """Sync these paths (None: all) and say what happened; nothing is said when they hold no document."""
        started, options = time.monotonic(), replace(self._options, only=only)
        job = submit_folder(self._store, self._collection, self._root, options, skip=self._skip)
        self._work_off(job, lambda progress: None)
        self._report(self._store.jobs.get(job.id), only, time.monotonic() - started)

    def _report(self, job: Job, only: tuple[str, ...] | None, seconds: float) -> None:
        if only is not None and job.counts.total == 0:
            return
        if self._as_json:
            typer.echo(JobOut.of(job).model_dump_json())
        else:
            print_pass(job, seconds)


class Changes:
    """Paths that changed below a root, collected by one thread and waited for by another."""

    def __init__(self, root: Path, data: Path) -> None:
        self._root = root
        self._data = data.resolve()
        self._found = threading.Condition()
        self._paths: set[str] = set()
        self._everything = False

    def add(self, paths: set[str]) -> None:
        """Note changed files and folders; an ignore file concerns everything, hidden ones nothing."""
        with self._found:
            for path in map(Path, paths):
                self._everything |= path.name == IGNORE_FILE or path == self._root
                relative = path.relative_to(self._root)
                if path != self._root and not _is_hidden(relative) and not path.is_relative_to(self._data):
                    self._paths.add(relative.as_posix())
            self._found.notify()

    def wait(self, seconds: float) -> tuple[str, ...] | None:
        """What changed since the last call, at once or as soon as something does.

        None stands for everything: when nothing changed for so many seconds, or too much did.
        """
        with self._found:
            self._found.wait_for(lambda: self._paths or self._everything, max(0.0, seconds))
            paths, everything = tuple(sorted(self._paths)), self._everything
            self._paths, self._everything = set(), False
        return None if everything or not paths or len(paths) > MANY else paths


@contextmanager
def _noticed(root: Path | str, data: Path) -> Iterator[Changes]:
    """The changes below a folder while the block runs; none of a URL, or where there are no watches left."""
    changes = Changes(root if isinstance(root, Path) else Path(), data)
    if isinstance(root, str):
        yield changes
        return
    stop, ready = threading.Event(), threading.Event()
    thread = threading.Thread(target=_watch, args=(root, changes, stop, ready), name="watch", daemon=True)
    thread.start()
    try:
        ready.wait()
        yield changes
    finally:
        stop.set()
        thread.join(timeout=5)


def _watch(root: Path, changes: Changes, stop: threading.Event, ready: threading.Event) -> None:
    watched = watchfiles.watch(
        root,
        watch_filter=None,
        debounce=LONGEST_MS,
        step=QUIET_MS,
        stop_event=stop,
        rust_timeout=QUIET_MS,
        yield_on_timeout=True,  # the first says that watching has begun
        raise_interrupt=False,
    )
    try:
        for batch in watched:
            ready.set()
            changes.add({path for _, path in batch})
    except (OSError, RuntimeError) as error:
        typer.echo(f"Changes are not noticed at once, only by the regular look: {error}", err=True)
    finally:
        ready.set()


def _is_hidden(relative: Path) -> bool:
    return any(part.startswith(".") for part in relative.parts)
