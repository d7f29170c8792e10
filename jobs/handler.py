"""What the runtime asks of those who do the work: handlers of items and of whole jobs, periodic work."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Protocol

from jobs.progress import JobProgress
from rag.errors import RagError
from rag.store import ItemRecord, Outcome
from rag.store.records import JobRequest
from rag.types import JobStatus

TRANSIENT = frozenset({"store_locked", "store_unavailable", "file_changing", "remote_unavailable"})
"""Error codes of what may pass by itself: only these are tried again."""


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of an item. `ended` says that its job has: cancelled, or gone with its collection."""

    outcome: Outcome | None = None
    chunks: int = 0
    ended: bool = False


class ItemHandler(Protocol):
    """Processes jobs item by item, one at a time; any number of workers share the items of a job."""

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of jobs whose items it processes."""

    @property
    def current_job(self) -> str | None:
        """The job of the item that is being processed."""

    def process(self, item: ItemRecord, following: ItemRecord | None, *, last_try: bool) -> ItemResult:
        """Process an item and record its outcome; `following` is the next one, if it is known.

        What is wrong with the item is its outcome. Raises the RagError of what may pass, unless this is the
        last try, and StoreError.
        """

    def interrupt(self) -> None:
        """Leave the item at hand as it is, within a moment. Called by another thread."""

    def discard_ahead(self) -> None:
        """Drop what was prepared for a following item: it will not be asked for."""

    def close(self) -> None:
        """Let go of what was opened; nothing is being processed."""


class JobHandler(Protocol):
    """Processes whole jobs of one kind, one at a time on a store, at low priority.

    A worker may be killed at any point: the next one calls `process` again, which goes on where it can.
    """

    @property
    def kind(self) -> str:
        """The kind of its jobs."""

    @property
    def outcome(self) -> Outcome:
        """What an item that is done counts as."""

    def process(self, job: JobRequest, progress: JobProgress) -> JobStatus:
        """Do it and return the status that the job ends with; the thread is its own.

        Call `progress.report` often: it raises Stopped when the job was cancelled or the worker ends. Any
        other error but a StoreError, which is waited out, fails the job.
        """


class Periodic(Protocol):
    """Work that no job asks for, done again and again at low priority."""

    @property
    def name(self) -> str:
        """For the thread."""

    @property
    def pause_s(self) -> float:
        """Seconds between two rounds."""

    def run_once(self, stop: threading.Event) -> None:
        """Do what there is to do, or leave it to another worker that is at it; return soon after `stop`."""


def is_transient(error: BaseException) -> bool:
    """Whether an error may be gone the next time."""
    return isinstance(error, RagError) and error.code in TRANSIENT
