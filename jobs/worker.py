"""The worker: takes jobs from the store and has handlers process them, with periodic work beside.

Every job goes the same way, on DBOS (`jobs.queues`): it is scheduled, taken by one worker, processed, and
taken up by another one when that worker dies. Jobs of items (files) are shared out in batches; a job that is
no sum of independent items (an adaptation, say) is processed whole, by one worker at a time. Both are
workflows of the same queues, so that claiming, retrying, cancelling and the care for dead workers exist once.
Work that no job asks for (scoring live answers) is periodic.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING

from jobs.handler import ItemHandler, ItemResult, JobHandler, Periodic
from jobs.periodic import at_low_priority, run_periodically
from jobs.progress import JobProgress, OnProgress, Stopped, Tally, final_status
from rag.errors import NotFound, RagError, StoreError
from rag.store import ItemRecord, Store
from rag.store.records import JobRequest

if TYPE_CHECKING:
    from jobs.queues import Queues

_IDLE_S = 0.2
_SCHEDULE_S = 0.5  # while something is at hand: there are batches ahead
_STORE_PAUSE_S = 2.0
_LINGER_S = 20.0  # DBOS stays for the next job this long: it takes a tenth of a second to come, and polls

log = logging.getLogger(__name__)


class Worker:
    """Processes the jobs of the kinds that it has handlers for. Any number of workers may share one store.

    Killed at any point it leaves nothing half done: another worker goes on with what is not finished. A job
    that is cancelled stops within two seconds, the item at hand included. In one process, one worker has work
    at a time and the next one waits.
    """

    def __init__(
        self,
        store: Store,
        items: ItemHandler | None = None,
        jobs: Sequence[JobHandler] = (),
        periodic: Sequence[Periodic] = (),
    ) -> None:
        self._store = store
        self._items = items
        self._jobs = {handler.kind: handler for handler in jobs}
        self._periodic = periodic
        self._kinds = frozenset(self._jobs) | (items.kinds if items else frozenset())
        self._tallies: dict[str, Tally] = {}
        self._on_progress: OnProgress | None = None
        self._stopping = threading.Event()
        self._scheduled = 0.0

    def run(self, stop: threading.Event | None = None, on_progress: OnProgress | None = None) -> None:
        """Work until `stop` is set; look for jobs five times a second, wait for a store that is away."""
        stop = stop or threading.Event()
        with self._reporting(on_progress), self._periodic_threads(stop):
            while not stop.is_set():
                try:
                    if self._open_jobs():
                        self._process_open_jobs(stop, _LINGER_S)
                except StoreError as error:
                    log.warning("waiting for the store: %s", error.message)
                    stop.wait(_STORE_PAUSE_S)
                stop.wait(_IDLE_S)

    def drain(self, on_progress: OnProgress | None = None) -> None:
        """Work until no job is pending, then do a round of what is periodic."""
        never = threading.Event()
        with self._reporting(on_progress):
            while self._open_jobs():
                self._process_open_jobs(never, 0.0)
            for one in self._periodic:
                one.run_once(never)

    def close(self) -> None:
        """Close what the handlers opened."""
        if self._items is not None:
            self._items.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _reporting(self, on_progress: OnProgress | None) -> Iterator[None]:
        self._on_progress = on_progress
        try:
            yield
        finally:
            self._on_progress = None

    @contextmanager
    def _periodic_threads(self, stop: threading.Event) -> Iterator[None]:
        """A thread for each periodic work while the block runs; both end by `stop`."""
        threads = [threading.Thread(target=_run, args=(one, stop), name=one.name) for one in self._periodic]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def _open_jobs(self) -> list[JobRequest]:
        return self._store.jobs.requests(self._kinds)

    def _process_open_jobs(self, stop: threading.Event, linger_s: float) -> None:
        """Work with DBOS running until there has been no job for `linger_s` seconds, or `stop` is set."""
        # Here, as its imports take half a second, which a worker that has nothing to do can spare.
        from jobs.queues import Queues

        self._stopping.clear()
        with Queues(self._store, self, self._jobs) as queues:
            try:
                last = time.monotonic()
                while not stop.is_set():
                    if self._round(queues):
                        last = time.monotonic()
                    elif time.monotonic() - last >= linger_s:
                        break
                    stop.wait(_IDLE_S if queues.busy else _IDLE_S / 2)
            except BaseException:
                if self._items is not None:
                    self._items.interrupt()
                raise
            finally:
                self._stopping.set()

    def _round(self, queues: Queues) -> bool:
        """Schedule what jobs need, end those that have nothing left, leave what is no longer wanted; whether
        there is any job.
        """
        jobs = self._open_jobs()
        ids = {job.id for job in jobs}
        if self._items is not None and self._items.current_job not in (None, *ids):
            self._items.interrupt()
        if not queues.busy or time.monotonic() - self._scheduled > _SCHEDULE_S:
            for id_ in queues.schedule(jobs):
                self._end(id_)
            self._scheduled = time.monotonic()
        self._tallies = {id_: tally for id_, tally in self._tallies.items() if id_ in ids}
        return bool(jobs)

    def _end(self, job_id: str) -> None:
        """Give a job the status that its items add up to, now that all have ended."""
        try:
            self._store.jobs.set_status(job_id, final_status(self._store.jobs.get(job_id).counts))
        except NotFound:
            log.info("job %s has gone with its collection", job_id)

    def process_item(self, item_id: int, following: int | None, *, last_try: bool) -> bool:
        """One item of a batch; False when the batch is to end. For `Queues`, see there."""
        assert self._items is not None
        if self._stopping.is_set():
            self._items.discard_ahead()
            return False
        try:
            item = self._store.jobs.item(item_id)
            if item.state != "pending":
                return item.state != "cancelled"
            if not self._store.jobs.claim(item.job_id):
                return False
            ahead = None if following is None else self._store.jobs.item(following)
            result = self._items.process(item, ahead, last_try=last_try)
            self._report(item, result)
        except NotFound:  # with its collection
            return False
        return not result.ended

    def process_job(self, job_id: str) -> None:
        """A whole job, from where it is to its end. For `Queues`, see there."""
        try:
            request = self._store.jobs.request(job_id)
            if self._stopping.is_set() or not self._store.jobs.claim(job_id):
                return
            handler, job = self._jobs[request.kind], self._store.jobs.get(job_id)
            progress = JobProgress(self._store, job, handler.outcome, self._stopping, self._on_progress)
            at_low_priority(lambda: _process(handler, request, progress))
        except NotFound:
            log.info("job %s has gone with its collection", job_id)

    def _report(self, item: ItemRecord, result: ItemResult) -> None:
        if self._on_progress is None or result.ended:
            return
        tally = self._tallies.get(item.job_id)
        if tally is None:
            tally = self._tallies[item.job_id] = Tally(self._store.jobs.get(item.job_id))
        else:
            tally.add(result.outcome, result.chunks)
        self._on_progress(tally.progress(item.item.source))


def _run(one: Periodic, stop: threading.Event) -> None:
    run_periodically(lambda: one.run_once(stop), stop, one.pause_s)


def _process(handler: JobHandler, job: JobRequest, progress: JobProgress) -> None:
    """Have a whole job processed; what its handler raises, but for the store's trouble, ends the job."""
    try:
        progress.end(handler.process(job, progress))
    except Stopped as stopped:
        log.info("%s", stopped.message)
    except StoreError:
        raise
    except RagError as error:
        progress.fail(error)
    except Exception as error:
        log.exception("job %s (%s of %s) failed", job.id, job.kind, job.collection)
        progress.fail(RagError(f"{type(error).__name__}: {error}"))
