"""How far a job is: for the handler that reports, the worker that counts, and who follows from outside."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from rag.errors import NotFound, RagError
from rag.store import ItemRecord, Outcome, Store
from rag.types import Job, JobCounts, JobStatus

_LOOK_S = 0.5
"""How often a handler that reports looks whether its job was cancelled."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is: `done` of `total` sources, or of what its handler counts; `seconds` of this worker.

    `source` is the one that is done, or the stage at hand.
    """

    job: Job
    done: int
    total: int
    chunks: int
    seconds: float
    source: str

    @property
    def chunks_per_second(self) -> float:
        """Chunks committed a second, 0 before the first."""
        return self.chunks / self.seconds if self.seconds > 0 else 0.0


OnProgress = Callable[[Progress], None]
"""Called by a thread of the worker."""


class Stopped(RagError):
    """The job was cancelled, or the worker ends."""

    code = "job_stopped"


class JobProgress:
    """Notes in a whole job how far it is, and stops its handler when it was cancelled or the worker ends.

    The job's items are the parts of the work, in order: its counts are its progress.
    """

    def __init__(
        self, store: Store, job: Job, outcome: Outcome, stopping: threading.Event, told: OnProgress | None
    ) -> None:
        self.items: Sequence[ItemRecord] = store.jobs.items(job.id)
        self._store = store
        self._job = job
        self._outcome: Outcome = outcome
        self._stopping = stopping
        self._on_progress = told
        self._since = time.monotonic()
        self._looked = 0.0
        self._completed = 0

    def report(self, done: int, total: int, stage: str = "") -> None:
        """Say how far the work is. Raises Stopped."""
        if self._on_progress is not None:
            self._on_progress(Progress(self._job, done, total, 0, time.monotonic() - self._since, stage))
        if time.monotonic() - self._looked > _LOOK_S:
            self._looked = time.monotonic()
            if self._stopping.is_set() or self.is_over():
                raise Stopped(f"Job {self._job.id} was stopped.")

    def complete(self, count: int) -> None:
        """The first `count` items are done."""
        for item in self.items[self._completed : count]:
            self._store.jobs.finish_item(item.id, self._outcome)
        self._completed = max(self._completed, count)

    def wait(self, seconds: float) -> None:
        """Wait, unless the worker ends. Raises Stopped then."""
        if self._stopping.wait(seconds):
            raise Stopped("The worker ends.")

    def is_over(self) -> bool:
        """Whether the job was cancelled, or is gone with its collection."""
        try:
            return self._store.jobs.status(self._job.id) == "cancelled"
        except NotFound:
            return True

    def end(self, status: JobStatus) -> None:
        """The job ends with this status; of one that succeeded every item is done."""
        if status == "succeeded":
            self.complete(len(self.items))
        self._store.jobs.set_status(self._job.id, status)

    def fail(self, error: RagError) -> None:
        """The item at hand failed, and the job with it, unless it is over anyway."""
        if self.is_over():
            return
        pending = self._store.jobs.items(self._job.id, "pending")
        for item in pending[:1]:
            self._store.jobs.finish_item(item.id, "failed", (error.code, error.message))
        self._store.jobs.set_status(self._job.id, "failed")


class Tally:
    """A job's counts as this worker goes on, without asking the store after every item."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._chunks = job.chunks
        self._since = time.monotonic()

    def add(self, outcome: Outcome | None, chunks: int) -> None:
        """Count one more item."""
        if outcome is not None:
            counts = replace(self._job.counts, **{outcome: getattr(self._job.counts, outcome) + 1})
            self._job = replace(self._job, counts=counts)
        self._chunks += chunks

    def progress(self, source: str) -> Progress:
        """How far the job is, as far as this worker knows."""
        return _progress(self._job, self._chunks, time.monotonic() - self._since, source)


def follow(store: Store, job_id: str, interval: float = 0.2) -> Iterator[Progress]:
    """The progress of a job that a worker elsewhere processes, until it has ended.

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


def final_status(counts: JobCounts) -> JobStatus:
    """The status of a job whose items have all ended."""
    if counts.failed == 0:
        return "succeeded"
    return "failed" if counts.failed == counts.total else "partial"


def _progress(job: Job, chunks: int, seconds: float, source: str) -> Progress:
    return Progress(job, job.counts.done, job.counts.total, chunks, seconds, source)
