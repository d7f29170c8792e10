"""Jobs as DBOS workflows in the store's own database: durable queues that many workers share.

There are two workflows (https://docs.dbos.dev), none of which waits for anything: one that waits would keep
the interpreter from ending. A *batch* of a job's pending items does a step for each, with retries and
back-off for what may pass later; a job of a million files is many batches, shared by the workers. A *whole
job* is one call of its handler; its kind has a queue of which one workflow runs at a time, on all workers
together.

DBOS only knows who is at what. What is done stands in the store's jobs and items, so that workflows may be
lost, repeated or made anew at any time; they are deleted once they have ended.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from types import TracebackType
from typing import Protocol

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, SetWorkflowID, WorkflowStatus

from jobs.handler import is_transient
from rag.store import Store
from rag.store.database import translated
from rag.store.records import JobRequest

_ITEMS = "footnote-files"
"""The queue of batches; a kind of whole jobs has one of its own."""
_BATCH = 32  # items of a workflow
_AT_ONCE = 2  # taken by a worker: one waits its turn, so that no time is lost to polling between them
_AHEAD = 4  # batches of a job that wait or run: others' jobs come in between
_POLL_S = 0.2
_LOST_S = 2.0  # between two looks for workflows whose worker is gone
_OPEN = ("DELAYED", "ENQUEUED", "PENDING")
_VERSION = "1"  # raise it when the steps of a batch change: workflows of another version are not taken up
_TRIES = 3

log = logging.getLogger(__name__)


class Processor(Protocol):
    """What a worker does at DBOS's call."""

    def process_item(self, item_id: int, following: int | None, *, last_try: bool) -> bool:
        """Process an item, `following` being the next one; False when the batch is to end.

        What may pass raises, unless it is the last try.
        """

    def process_job(self, job_id: str) -> None:
        """Process a whole job, until it has ended or the worker stops."""


class Queues:
    """DBOS on the database of a store while the block runs; in one process the next one waits.

    Works at jobs of items, and at whole jobs of these kinds.
    """

    _one = threading.Lock()

    def __init__(self, store: Store, processor: Processor, whole: Collection[str]) -> None:
        self._store = store
        self._processor = processor
        self._whole = frozenset(whole)
        self._names = [_ITEMS, *(_queue_of(kind) for kind in sorted(whole))]
        self._worker = f"worker-{secrets.token_hex(8)}"
        self._opened = contextlib.ExitStack()
        self._turn = threading.Lock()
        self._active: set[str] = set()
        self._missed: set[str] = set()
        self._looked = 0.0

    def __enter__(self) -> Queues:
        self._opened.enter_context(self._one)
        try:
            with translated():
                self._launch()
        except BaseException:
            self._opened.close()
            raise
        return self

    def _launch(self) -> None:
        global _current
        # Who holds this lock lives: others take up the workflows of a worker whose lock is free.
        self._opened.enter_context(self._store.locks.exclusive(self._worker, once=True))
        engine = self._store.side_engine()
        self._opened.callback(engine.dispose)
        _current = self
        DBOS(config=self._config(engine))
        self._opened.callback(DBOS.destroy)
        DBOS.listen_queues(self._names)
        DBOS.launch()
        for name in self._names:
            most = _AT_ONCE if name == _ITEMS else 1
            together = None if name == _ITEMS else 1
            DBOS.register_queue(
                name, worker_concurrency=most, global_concurrency=together, polling_interval_sec=_POLL_S
            )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._active:  # the worker has said that its work shall end
            time.sleep(_POLL_S)
        self._opened.close()

    def _config(self, engine: sa.Engine) -> DBOSConfig:
        schema = self._store.schema
        return {
            "name": "footnote",
            "system_database_engine": engine,
            # Two installations in schemas of one database must not take each other's work.
            "dbos_system_schema": "dbos" if schema in ("main", "public") else f"{schema}_dbos",
            "application_version": _VERSION,
            "executor_id": self._worker,
            "use_listen_notify": False,
            "notification_listener_polling_interval_sec": 0.5,
            "log_level": "WARNING",
        }

    @property
    def busy(self) -> bool:
        """Whether this worker has anything at hand."""
        return bool(self._active)

    def schedule(self, jobs: Sequence[JobRequest]) -> list[str]:
        """Queue what these jobs, oldest first, still have to do; the jobs of items that have nothing left.

        Also takes up what dead workers left. Does nothing while another worker does the same.
        """
        with translated(), self._store.locks.exclusive("jobs") as mine:
            if not mine:
                return []
            if time.monotonic() - self._looked > _LOST_S:
                self._requeue_lost({job.id for job in jobs})
                self._looked = time.monotonic()
            return [job.id for job in jobs if not self._enqueue(job)]

    def _enqueue(self, job: JobRequest) -> bool:
        """Keep a job queued; False when it has neither workflows nor pending items."""
        found = DBOS.list_workflows(workflow_id_prefix=f"{job.id}-", load_output=False)
        ahead = [each for each in found if each.status in _OPEN]
        if _failed_just_now(found):
            return True
        _delete([each for each in found if each.status not in _OPEN])
        if job.kind not in self._whole:
            return self._enqueue_batches(job.id, ahead)
        if not ahead:
            with SetWorkflowID(f"{job.id}-0"):
                DBOS.enqueue_workflow(_queue_of(job.kind), _whole_job, job.id)
        return True

    def _enqueue_batches(self, job_id: str, ahead: Sequence[WorkflowStatus]) -> bool:
        after = max((_items(each)[-1] for each in ahead), default=0)
        room = max(_AHEAD - len(ahead), 0)
        items = self._store.jobs.pending_items(job_id, after, room * _BATCH) if room else []
        for start in range(0, len(items), _BATCH):
            batch = items[start : start + _BATCH]
            with SetWorkflowID(f"{job_id}-{batch[0]}"):
                DBOS.enqueue_workflow(_ITEMS, _batch, batch)
        return bool(ahead or items)

    def _requeue_lost(self, jobs: Collection[str]) -> None:
        """Queue the workflows of workers that are gone again, and forget those of jobs that have ended."""
        missed: set[str] = set()
        for (worker, queue), ids in self._pending().items():
            if worker == self._worker:
                lost = ids - self._active  # DBOS could not write how they ended: a full disk, say
                self._resume(lost & self._missed, queue)
                missed |= lost
                continue
            with self._store.locks.exclusive(worker, once=True) as gone:
                if gone:
                    self._resume(ids, queue)
        self._missed = missed
        ended = DBOS.list_workflows(queue_name=self._names, load_input=False, load_output=False)
        _delete([e for e in ended if e.status not in _OPEN and e.workflow_id.split("-")[0] not in jobs])

    def _pending(self) -> dict[tuple[str, str], set[str]]:
        """The workflows that workers are at, by worker and queue."""
        pending = DBOS.list_workflows(
            status="PENDING", queue_name=self._names, load_input=False, load_output=False
        )
        found: dict[tuple[str, str], set[str]] = {}
        for each in pending:
            found.setdefault((each.executor_id or "", each.queue_name or ""), set()).add(each.workflow_id)
        return found

    def _resume(self, ids: set[str], queue: str) -> None:
        if ids:
            log.info("taking up %d workflows that were left", len(ids))
            DBOS.resume_workflows(sorted(ids), queue_name=queue)

    def run_batch(self, workflow_id: str, items: Sequence[int]) -> None:
        """Process a batch, item by item, until its job ends or the worker stops."""
        with self._being_active(workflow_id), self._turn:
            for item, following in zip(items, [*items[1:], None], strict=True):
                if not _process_item(item, following):
                    return

    def run_item(self, item_id: int, following: int | None) -> bool:
        """One item, tried again by DBOS where that may help."""
        status = DBOS.step_status
        attempt = 0 if status is None or status.current_attempt is None else status.current_attempt
        return self._processor.process_item(item_id, following, last_try=attempt + 1 >= _TRIES)

    def run_job(self, workflow_id: str, job_id: str) -> None:
        """Process a whole job."""
        with self._being_active(workflow_id):
            self._processor.process_job(job_id)

    @contextlib.contextmanager
    def _being_active(self, workflow_id: str) -> Iterator[None]:
        self._active.add(workflow_id)
        try:
            yield
        finally:
            self._active.discard(workflow_id)


_current: Queues | None = None


def _queues() -> Queues:
    assert _current is not None, "DBOS runs only inside Queues"
    return _current


@DBOS.workflow(name="footnote_files")
def _batch(items: list[int]) -> None:
    _queues().run_batch(DBOS.workflow_id or "", items)


@DBOS.step(
    name="footnote_file",
    retries_allowed=True,
    max_attempts=_TRIES,
    interval_seconds=0.5,
    backoff_rate=2.0,
    should_retry=is_transient,
)
def _process_item(item_id: int, following: int | None) -> bool:
    return _queues().run_item(item_id, following)


@DBOS.workflow(name="footnote_job")
def _whole_job(job_id: str) -> None:
    _queues().run_job(DBOS.workflow_id or "", job_id)


def _queue_of(kind: str) -> str:
    return f"footnote-{kind}"


def _items(workflow: WorkflowStatus) -> list[int]:
    """The items of a batch, from its input."""
    items: list[int] = workflow.input["args"][0] if workflow.input else [0]
    return items


def _failed_just_now(workflows: Sequence[WorkflowStatus]) -> bool:
    """Whether the store was in trouble a moment ago: it is left alone for another one."""
    failed = [each.updated_at or 0 for each in workflows if each.status == "ERROR"]
    return bool(failed) and time.time() * 1000 - max(failed) < _LOST_S * 1000


def _delete(workflows: Sequence[WorkflowStatus]) -> None:
    if workflows:
        DBOS.delete_workflows([each.workflow_id for each in workflows])
