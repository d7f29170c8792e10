"""Files of jobs as DBOS workflows in the store's own database: durable queues that many workers share.

A workflow takes a batch of a job's pending items and does a step for each, with retries and back-off for what
may pass later (https://docs.dbos.dev). DBOS only knows who is at what: what is done stands in the store's
items, so workflows may be lost, repeated or made anew at any time, and are deleted once they have ended.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, SetWorkflowID, WorkflowStatus

from ingest.transient import may_pass
from rag.store import Store
from rag.store.database import translated

_QUEUE = "footnote-files"
_BATCH = 32  # items of a workflow
_AT_ONCE = 2  # taken by a worker: one waits its turn, so that no time is lost to polling between them
_AHEAD = 4  # workflows of a job that wait or run: others' jobs come in between
_POLL_S = 0.2
_CARE_S = 2.0  # between two looks for workflows whose worker is gone
_OPEN = ("DELAYED", "ENQUEUED", "PENDING")
_VERSION = "1"  # raise it when the steps of a batch change: workflows of another version are not taken up
_TRIES = 3

log = logging.getLogger(__name__)


class Work(Protocol):
    """What a worker does at DBOS's call."""

    def carry_out(self, item_id: int, following: int | None, *, last_try: bool) -> bool:
        """Carry out an item, `following` being the next one; False when the batch is to end.

        What may pass raises, unless it is the last try.
        """


class Durable:
    """DBOS on the database of a store while the block runs; in one process the next one waits."""

    _one = threading.Lock()

    def __init__(self, store: Store, work: Work) -> None:
        self._store = store
        self._work = work
        self._name = f"worker-{secrets.token_hex(8)}"
        self._held = contextlib.ExitStack()
        self._turn = threading.Lock()
        self._active: set[str] = set()
        self._missed: set[str] = set()
        self._cared = 0.0

    def __enter__(self) -> Durable:
        self._held.enter_context(self._one)
        try:
            with translated():
                self._launch()
        except BaseException:
            self._held.close()
            raise
        return self

    def _launch(self) -> None:
        global _current
        # Who holds this lock lives: others take up the workflows of a worker whose lock is free.
        self._held.enter_context(self._store.locks.exclusive(self._name, once=True))
        engine = self._store.side_engine()
        self._held.callback(engine.dispose)
        _current = self
        DBOS(config=self._config(engine))
        self._held.callback(DBOS.destroy)
        DBOS.launch()
        DBOS.register_queue(_QUEUE, worker_concurrency=_AT_ONCE, polling_interval_sec=_POLL_S)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._active:  # the worker has said that its batch shall end
            time.sleep(_POLL_S)
        self._held.close()

    def _config(self, engine: sa.Engine) -> DBOSConfig:
        schema = self._store.schema
        return {
            "name": "footnote",
            "system_database_engine": engine,
            # Two installations in schemas of one database must not take each other's work.
            "dbos_system_schema": "dbos" if schema in ("main", "public") else f"{schema}_dbos",
            "application_version": _VERSION,
            "executor_id": self._name,
            "use_listen_notify": False,
            "notification_listener_polling_interval_sec": 0.5,
            "log_level": "WARNING",
        }

    def tend(self, job_ids: Sequence[str]) -> list[str]:
        """Queue what these jobs still have to do, oldest first; the jobs that have nothing left.

        Also takes up what dead workers left. Does nothing while another worker does the same.
        """
        with translated(), self._store.locks.exclusive("jobs") as mine:
            if not mine:
                return []
            if time.monotonic() - self._cared > _CARE_S:
                self._care(job_ids)
                self._cared = time.monotonic()
            return [id_ for id_ in job_ids if not self._queue(id_)]

    def _queue(self, job_id: str) -> bool:
        """Keep some batches of a job ahead; False when it has neither batches nor pending items."""
        found = DBOS.list_workflows(workflow_id_prefix=f"{job_id}-", load_output=False)
        ahead = [each for each in found if each.status in _OPEN]
        if _waits(found):
            return True
        _delete([each for each in found if each.status not in _OPEN])
        after = max((_items(each)[-1] for each in ahead), default=0)
        room = max(_AHEAD - len(ahead), 0)
        items = self._store.jobs.pending_items(job_id, after, room * _BATCH) if room else []
        for start in range(0, len(items), _BATCH):
            batch = items[start : start + _BATCH]
            with SetWorkflowID(f"{job_id}-{batch[0]}"):
                DBOS.enqueue_workflow(_QUEUE, _files, batch)
        return bool(ahead or items)

    def _care(self, job_ids: Sequence[str]) -> None:
        """Take up the workflows of workers that are gone, and forget those of jobs that have ended."""
        for worker, ids in _pending_by_worker().items():
            if worker == self._name:
                lost = ids - self._active  # DBOS could not write how they ended: a full disk, say
                ids, self._missed = lost & self._missed, lost
                self._resume(ids)
                continue
            with self._store.locks.exclusive(worker, once=True) as gone:
                if gone:
                    self._resume(ids)
        ended = DBOS.list_workflows(queue_name=_QUEUE, load_input=False, load_output=False)
        _delete(
            [e for e in ended if e.status not in _OPEN and e.workflow_id.split("-")[0] not in set(job_ids)]
        )

    def _resume(self, ids: set[str]) -> None:
        if ids:
            log.info("taking up %d batches that were left", len(ids))
            DBOS.resume_workflows(sorted(ids), queue_name=_QUEUE)

    def run(self, workflow_id: str, items: Sequence[int]) -> None:
        """Carry out a batch, item by item, until its job ends or the worker stops."""
        self._active.add(workflow_id)
        try:
            with self._turn:
                for item, following in zip(items, [*items[1:], None], strict=True):
                    if not _file(item, following):
                        return
        finally:
            self._active.discard(workflow_id)

    def step(self, item_id: int, following: int | None) -> bool:
        """One item, tried again by DBOS where that may help."""
        status = DBOS.step_status
        attempt = 0 if status is None or status.current_attempt is None else status.current_attempt
        return self._work.carry_out(item_id, following, last_try=attempt + 1 >= _TRIES)


_current: Durable | None = None


def _durable() -> Durable:
    assert _current is not None, "DBOS runs only inside Durable"
    return _current


@DBOS.workflow(name="footnote_files")
def _files(items: list[int]) -> None:
    _durable().run(DBOS.workflow_id or "", items)


@DBOS.step(
    name="footnote_file",
    retries_allowed=True,
    max_attempts=_TRIES,
    interval_seconds=0.5,
    backoff_rate=2.0,
    should_retry=may_pass,
)
def _file(item_id: int, following: int | None) -> bool:
    return _durable().step(item_id, following)


def _items(workflow: WorkflowStatus) -> list[int]:
    """The items of a batch, from its input."""
    items: list[int] = workflow.input["args"][0] if workflow.input else [0]
    return items


def _waits(workflows: Sequence[WorkflowStatus]) -> bool:
    """Whether a batch failed just now: the store was in trouble, and is left alone for a moment."""
    failed = [each.updated_at or 0 for each in workflows if each.status == "ERROR"]
    return bool(failed) and time.time() * 1000 - max(failed) < _CARE_S * 1000


def _pending_by_worker() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for each in DBOS.list_workflows(status="PENDING", queue_name=_QUEUE, load_input=False, load_output=False):
        found.setdefault(each.executor_id or "", set()).add(each.workflow_id)
    return found


def _delete(workflows: Sequence[WorkflowStatus]) -> None:
    if workflows:
        DBOS.delete_workflows([each.workflow_id for each in workflows])
