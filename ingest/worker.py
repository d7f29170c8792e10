"""Takes jobs from the store and carries them out, one file at a time; see `Worker`.

Many workers share a job without a leader: every item belongs to one of a few lanes, and a worker goes
through the items of a lane while it holds the lane's lock (`Store.exclusive`). A worker that is killed
loses its locks with its life; what it had not finished is still pending, and what it had committed is found
unchanged by content hash.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType

from ingest.item import ItemWorker
from ingest.parse.pool import ParserPool
from ingest.types import Progress
from rag.errors import StoreError
from rag.models.registry import load_encoder
from rag.models.types import Encoder
from rag.settings import Settings
from rag.store import ItemRecord, Store
from rag.types import Job, JobCounts, JobStatus

OnProgress = Callable[[Progress], None]

KINDS = frozenset({"ingest", "sync"})
LANES = 16
_IDLE_S = 0.2
_STORE_PAUSE_S = 2.0
_TURN = 32  # items of a lane before it is offered to others

log = logging.getLogger(__name__)


class Worker:
    """Parses, splits, embeds and commits what jobs ask for. Any number of workers may share one store.

    Killed at any point it leaves nothing half done: the next worker goes on with the files that are not
    finished. Opens the store of `settings` and loads its encoder, unless they are given, and closes what it
    opened.
    """

    def __init__(
        self, settings: Settings, *, store: Store | None = None, encoder: Encoder | None = None
    ) -> None:
        self._owned = None if store else Store.open(settings.store_url)
        self._store = store or self._opened()
        self._pool = ParserPool.of(settings)
        encoder = encoder or load_encoder(settings.encoder, settings)
        self._items = ItemWorker(self._store, encoder, self._pool, settings.chunk_tokens)
        self._tallies: dict[str, _Tally] = {}
        self._first_lane = 0

    def run(self, stop: threading.Event | None = None) -> None:
        """Works until `stop` is set; looks for jobs five times a second, waits for a store that is away."""
        stop = stop or threading.Event()
        while not stop.is_set():
            try:
                worked = self._round(None, stop)
            except StoreError as error:
                log.warning("waiting for the store: %s", error.message)
                stop.wait(_STORE_PAUSE_S)
            else:
                if not worked:
                    stop.wait(_IDLE_S)

    def drain(self, on_progress: OnProgress | None = None) -> None:
        """Works until no job is pending; `on_progress` is called after each source."""
        stop = threading.Event()
        while self._jobs():
            if not self._round(on_progress, stop):
                stop.wait(_IDLE_S)

    def close(self) -> None:
        """Ends the parser processes and closes what this worker opened."""
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

    def _jobs(self) -> list[Job]:
        """The pending jobs of this worker's kinds: the store's other jobs are other workers' business."""
        return [job for job in self._store.pending_jobs() if job.kind in KINDS]

    def _round(self, on_progress: OnProgress | None, stop: threading.Event) -> bool:
        """Every lane once, as far as it is free; whether there was anything to do."""
        jobs = self._jobs()
        self._tallies = {job.id: self._tallies.get(job.id) or _Tally() for job in jobs}
        worked = False
        for number in range(LANES if jobs else 0):
            lane = (self._first_lane + number) % LANES
            with self._store.exclusive(f"ingest-{lane}") as mine:
                if mine:
                    worked |= self._lane(lane, on_progress, stop)
            if stop.is_set():
                break
        self._first_lane = (self._first_lane + 1) % LANES
        return self._settle() or worked

    def _lane(self, lane: int, on_progress: OnProgress | None, stop: threading.Event) -> bool:
        """The next items of a lane, oldest job first."""
        worked = False
        for job in self._jobs():
            items = [item for item in self._store.job_items(job.id, "pending") if item.id % LANES == lane]
            if items and self._store.set_job_status(job.id, "running") == "running":
                worked = True
                self._work(job, items[:_TURN], on_progress, stop)
            if stop.is_set():
                break
        return worked

    def _work(
        self, job: Job, items: Sequence[ItemRecord], on_progress: OnProgress | None, stop: threading.Event
    ) -> None:
        for item, carried in self._items.carry_out(job, items):
            tally = self._tallies.setdefault(job.id, _Tally())
            tally.chunks += carried.chunks
            if on_progress is not None:
                on_progress(_progress(self._store.job(job.id), tally, item.item.source))
            if stop.is_set() or carried.ended:
                return

    def _settle(self) -> bool:
        """Give each job that has no pending item left the status that its items add up to."""
        settled = False
        for job in self._jobs():
            if not self._store.job_items(job.id, "pending"):
                self._store.set_job_status(job.id, outcome(self._store.job(job.id).counts))
                settled = True
        return settled


class _Tally:
    """What this worker did for a job."""

    def __init__(self) -> None:
        self.chunks = 0
        self.since = time.monotonic()


def outcome(counts: JobCounts) -> JobStatus:
    """The status of a job whose items have all ended."""
    if counts.failed == 0:
        return "succeeded"
    return "failed" if counts.failed == counts.total else "partial"


def follow(store: Store, job_id: str, interval: float = 0.2) -> Iterator[Progress]:
    """The progress of a job that a worker elsewhere carries out, until it has ended.

    Chunks are not known here: `chunks` stays 0. Raises NotFound `job_not_found`.
    """
    tally = _Tally()
    while True:
        job = store.job(job_id)
        yield _progress(job, tally, "")
        if job.status not in ("queued", "running"):
            return
        time.sleep(interval)


def _progress(job: Job, tally: _Tally, source: str) -> Progress:
    counts = job.counts
    done = counts.added + counts.replaced + counts.unchanged + counts.removed + counts.failed
    return Progress(job, done, counts.total, tally.chunks, time.monotonic() - tally.since, source)
