"""Samples on their way from the answer to the store: a bounded queue, and a thread that writes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from queue import Empty, Full, Queue

from eval.online.sampling import Live, is_sampled, to_sample
from rag.background import keep_working
from rag.errors import StoreError
from rag.settings import Settings
from rag.store import NewSample, Store
from rag.types import Answer

QUEUE = 256
"""Samples that may wait to be written; further ones are dropped and counted."""
_BATCH = 64
_PAUSE_S = 0.2
_PRUNE_S = 60.0

OnSample = Callable[[str, int], None]
"""Called with what became of some samples, `kept` or `dropped`, and how many."""

log = logging.getLogger(__name__)


class Sampler:
    """Takes live answers, decides which of them are samples, and writes these in a thread of its own.

    Offering one costs a hash and a place in a queue: the caller neither waits for the store nor fails with
    it. Of a killed process the queue is lost. Safe to share between threads.
    """

    def __init__(self, settings: Settings, store: Store, told: OnSample) -> None:
        self._settings = settings
        self._store = store
        self._told = told
        self._queue: Queue[Live] = Queue(QUEUE)
        self._batch: list[NewSample] = []
        self._retention = Retention(settings, store)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to write."""
        self._thread = threading.Thread(
            target=keep_working, args=(self._write, self._stop, _PAUSE_S), name="footnote-sampler"
        )
        self._thread.start()

    def offer(self, request_id: str, collection: str, question: str, answer: Answer) -> None:
        """Keep the answer if it is one of the sample and there is a place."""
        if not is_sampled(request_id, question, self._settings.online_share):
            return
        try:
            self._queue.put_nowait(Live(request_id, collection, question, answer, datetime.now(UTC)))
        except Full:
            self._told("dropped", 1)

    @property
    def waiting(self) -> int:
        """Samples that are not written yet."""
        return self._queue.unfinished_tasks

    def close(self) -> None:
        """Write what waits, if the store can, and end."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        try:
            self._write()
        except StoreError as error:
            log.warning("%d samples are lost: %s", self.waiting, error.message)

    def _write(self) -> None:
        while self._fill():
            kept = self._store.add_samples(self._batch)
            self._told("kept", kept)
            for _ in self._batch:
                self._queue.task_done()
            self._batch = []
        self._retention.hold()

    def _fill(self) -> bool:
        """Take what waits into the batch, which stays when the store could not be written."""
        while len(self._batch) < _BATCH:
            try:
                self._batch.append(to_sample(self._queue.get_nowait()))
            except Empty:
                break
        return bool(self._batch)


class Retention:
    """Deletes samples over their limits, once a minute."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._next = 0.0

    def hold(self) -> None:
        """Delete what is over the limits, unless that was just done."""
        if time.monotonic() < self._next:
            return
        since = datetime.now(UTC) - timedelta(days=self._settings.online_days)
        gone = self._store.prune_samples(self._settings.online_keep, since)
        self._next = time.monotonic() + _PRUNE_S
        if gone:
            log.info("%d samples of answers were over their limits and are deleted", gone)
