"""Takes jobs from the store and carries them out, one file at a time; see `Worker`."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING

from ingest.item import Carried, ItemWorker
from ingest.parse.pool import ParserPool
from ingest.types import Progress
from rag.errors import NotFound, StoreError
from rag.models.loaded import Models
from rag.models.registry import load_encoder
from rag.models.types import Encoder
from rag.settings import Settings
from rag.store import ItemRecord, Store
from rag.types import Job, JobCounts, JobStatus

if TYPE_CHECKING:
    from ingest.durable import Durable

OnProgress = Callable[[Progress], None]

KINDS = frozenset({"ingest", "sync"})
_IDLE_S = 0.2
_TEND_S = 0.5  # while a file is at hand: there are batches ahead
_STORE_PAUSE_S = 2.0
_LINGER_S = 20.0  # DBOS stays for the next job this long: it takes a tenth of a second to come, and polls

log = logging.getLogger(__name__)


class Worker:
    """Parses, splits, embeds and commits what jobs ask for. Any number of workers may share one store.

    Killed at any point it leaves nothing half done: a worker goes on with the files that are not finished;
    what had been committed is found unchanged by its hash. A job that is cancelled stops within two seconds,
    the file at hand included. Opens the store of `settings` and loads its encoder, unless they are given, and
    closes what it opened. In one process, one worker runs at a time and the next one waits.
    """

    def __init__(
        self, settings: Settings, *, store: Store | None = None, encoder: Encoder | None = None
    ) -> None:
        self._owned = None if store else Store.open(settings.store_url)
        self._store = store or self._opened()
        self._pool = ParserPool.of(settings)
        models = Models(settings, encoder or load_encoder(settings.encoder, settings))
        self._items = ItemWorker(self._store, models, self._pool, settings.chunk_tokens)
        self._tallies: dict[str, _Tally] = {}
        self._on_progress: OnProgress | None = None
        self._stopping = threading.Event()
        self._tended = 0.0

    def run(self, stop: threading.Event | None = None) -> None:
        """Works until `stop` is set; looks for jobs five times a second, waits for a store that is away."""
        stop = stop or threading.Event()
        while not stop.is_set():
            try:
                if self._store.jobs.requests(KINDS):
                    self._work(stop, _LINGER_S)
            except StoreError as error:
                log.warning("waiting for the store: %s", error.message)
                stop.wait(_STORE_PAUSE_S)
            stop.wait(_IDLE_S)

    def drain(self, on_progress: OnProgress | None = None) -> None:
        """Works until no job is pending; `on_progress` is called after each source, by another thread."""
        self._on_progress = on_progress
        try:
            while self._store.jobs.requests(KINDS):
                self._work(threading.Event(), 0.0)
        finally:
            self._on_progress = None

    def close(self) -> None:
        """Ends the parser processes and closes what this worker opened."""
        self._items.close()
        self._pool.close()
        if self._owned is not None:
            self._owned.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _opened(self) -> Store:
        assert self._owned is not None
        return self._owned

    def _work(self, stop: threading.Event, linger_s: float) -> None:
        """Work with DBOS running until there has been no job for `linger_s` seconds, or `stop` is set."""
        # Here, as its imports take half a second, which a worker that has nothing to do can spare.
        from ingest.durable import Durable

        self._stopping.clear()
        with Durable(self._store, self) as durable:
            try:
                last = time.monotonic()
                while not stop.is_set():
                    if self._round(durable):
                        last = time.monotonic()
                    elif time.monotonic() - last >= linger_s:
                        break
                    stop.wait(_IDLE_S if self._items.job_at_hand else _IDLE_S / 2)
            except BaseException:
                self._items.interrupt()
                raise
            finally:
                self._stopping.set()

    def _round(self, durable: Durable) -> bool:
        """Queue what jobs need, settle those that have nothing left, leave what is no longer wanted; whether
        there is any job.
        """
        jobs = [job.id for job in self._store.jobs.requests(KINDS)]
        at_hand = self._items.job_at_hand
        if at_hand is not None and at_hand not in jobs:
            self._items.interrupt()
        if at_hand is None or time.monotonic() - self._tended > _TEND_S:
            for id_ in durable.tend(jobs):
                self._settle(id_)
            self._tended = time.monotonic()
        self._tallies = {id_: tally for id_, tally in self._tallies.items() if id_ in jobs}
        return bool(jobs)

    def carry_out(self, item_id: int, following: int | None, *, last_try: bool) -> bool:
        """One item of a batch; False when the batch is to end. For `Durable`, see there."""
        if self._stopping.is_set():
            self._items.forget()
            return False
        try:
            item = self._store.jobs.item(item_id)
            if item.state != "pending":
                return item.state != "cancelled"
            if not self._is_running(item.job_id):
                return False
            carried = self._items.carry_out(item, self._next(following), last_try=last_try)
            self._report(item, carried)
        except NotFound:  # with its collection
            return False
        return not carried.ended

    def _is_running(self, job_id: str) -> bool:
        """Whether the job is, or is from now on: only its first file costs a write."""
        status = self._store.jobs.status(job_id)
        return status == "running" or self._store.jobs.set_status(job_id, "running") == "running"

    def _next(self, item_id: int | None) -> ItemRecord | None:
        return None if item_id is None else self._store.jobs.item(item_id)

    def _report(self, item: ItemRecord, carried: Carried) -> None:
        if self._on_progress is None or carried.ended:
            return
        tally = self._tallies.get(item.job_id)
        if tally is None:
            tally = self._tallies[item.job_id] = _Tally(self._store.jobs.get(item.job_id))
        else:
            tally.add(carried)
        self._on_progress(tally.progress(item.item.source))

    def _settle(self, job_id: str) -> None:
        """The status that a job's items add up to, now that all have ended."""
        try:
            self._store.jobs.set_status(job_id, outcome(self._store.jobs.get(job_id).counts))
        except NotFound:
            log.info("job %s has gone with its collection", job_id)


class _Tally:
    """A job's counts as this worker goes on, without asking the store after every file."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._chunks = job.chunks
        self._since = time.monotonic()

    def add(self, carried: Carried) -> None:
        """Count one more item."""
        outcome = carried.outcome
        if outcome is not None:
            counts = replace(self._job.counts, **{outcome: getattr(self._job.counts, outcome) + 1})
            self._job = replace(self._job, counts=counts)
        self._chunks += carried.chunks

    def progress(self, source: str) -> Progress:
        """How far the job is, as far as this worker knows."""
        return _progress(self._job, self._chunks, time.monotonic() - self._since, source)


def outcome(counts: JobCounts) -> JobStatus:
    """The status of a job whose items have all ended."""
    if counts.failed == 0:
        return "succeeded"
    return "failed" if counts.failed == counts.total else "partial"


def follow(store: Store, job_id: str, interval: float = 0.2) -> Iterator[Progress]:
    """The progress of a job that a worker elsewhere carries out, until it has ended.

    Raises NotFound `job_not_found`.
    """
    since = time.monotonic()
    while True:
        asked = time.monotonic()
        job = store.jobs.get(job_id)
        took = time.monotonic() - asked
        yield _progress(job, job.chunks, time.monotonic() - since, "")
        if job.status not in ("queued", "running"):
            return
        time.sleep(max(interval, 5 * took))  # counting a million files takes its time


def _progress(job: Job, chunks: int, seconds: float, source: str) -> Progress:
    return Progress(job, job.counts.done, job.counts.total, chunks, seconds, source)
