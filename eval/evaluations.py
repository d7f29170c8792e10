"""Evaluations as background jobs of the service: what POST and GET /v1/evaluations call."""

from __future__ import annotations

import fcntl
import json
import logging
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from eval.cases import Case, parse_case
from eval.extra import require
from eval.measures import REQUIRED, chosen
from eval.run import evaluate
from rag.answer.engine import Engine
from rag.errors import InvalidInput, NotFound, RagError
from rag.store import JobItem
from rag.types import Job

logger = logging.getLogger(__name__)

KIND = "evaluation"
OPEN = ("queued", "running")


class Stopped(RagError):
    """The evaluation was cancelled, or the service is ending."""

    code = "evaluation_stopped"


class Evaluations:
    """Runs evaluations one after the other in a thread of this process.

    A job of kind `evaluation` carries its cases in the store, so that what a crash or an end of the service
    cut short starts again with the next one. The report lies in DATA/evaluations/<job id>/.
    """

    def __init__(self, engine: Engine, data: Path) -> None:
        self._engine = engine
        self.folder = data / "evaluations"
        self._stopping = threading.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="evaluation")
        self._lock = threading.Lock()
        self._queued: set[str] = set()
        for job in engine.store.pending_jobs():
            if job.kind == KIND:
                self._queue(job.id)

    def submit(self, collection: str, cases: Sequence[Case], metrics: Sequence[str] | None = None) -> Job:
        """Queue an evaluation and return its job.

        Parse the rows of a request with `eval.cases.parse_case(row, f"cases[{i}]")` first. Raises NotFound
        `collection_not_found`, InvalidInput `unknown_metric` or `cases_empty`, ModelError `extra_missing`.
        """
        require(*REQUIRED)
        chosen(metrics)
        if not cases:
            raise InvalidInput("There is no case to evaluate.", code="cases_empty")
        asked = {"cases": [asdict(case) for case in cases], "metrics": list(metrics) if metrics else None}
        item = JobItem(KIND, media_type="application/json", payload=json.dumps(asked).encode())
        job = self._engine.store.create_job(KIND, collection, [item])
        self._queue(job.id)
        return job

    def result(self, job_id: str) -> dict[str, object]:
        """A JSON object: `id`, `status`, and once it has succeeded the report (`scores`, `rows`, …).

        Raises NotFound `evaluation_not_found`.
        """
        job = self._job(job_id)
        if job.status == "queued":
            self._queue(job_id)  # after a retry, or when the process that took the request is gone
        found: dict[str, object] = {"id": job.id, "status": job.status, "scores": {}, "rows": []}
        if job.status == "succeeded":
            return {**found, **self._report(job_id)}
        if job.errors:
            found["error"] = {"code": job.errors[0].code, "message": job.errors[0].message}
        return found

    def close(self) -> None:
        """Stop after the question at hand."""
        self._stopping.set()
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _job(self, job_id: str) -> Job:
        try:
            job = self._engine.store.job(job_id)
        except NotFound as error:
            raise _unknown(job_id) from error
        if job.kind != KIND:
            raise _unknown(job_id)
        return job

    def _report(self, job_id: str) -> dict[str, object]:
        path = self.folder / job_id / "report.json"
        if not path.is_file():
            raise _unknown(job_id)
        found = json.loads(path.read_text(encoding="utf-8"))
        return dict(found)

    def _queue(self, job_id: str) -> None:
        with self._lock:
            if job_id in self._queued or self._stopping.is_set():
                return
            self._queued.add(job_id)
        future = self._thread.submit(self._run, job_id)
        future.add_done_callback(lambda done: self._ended(job_id, done))

    def _run(self, job_id: str) -> None:
        with _alone(self.folder / job_id) as mine:
            if not mine or self._engine.store.job(job_id).status not in OPEN:
                return
            store = self._engine.store
            (item,) = store.job_items(job_id)
            asked = json.loads(store.item_payload(item.id) or b"{}")
            cases = [parse_case(row, f"cases[{place}]") for place, row in enumerate(asked["cases"])]
            store.set_job_status(job_id, "running")
            collection = store.job_request(job_id).collection
            folder = self.folder / job_id

            def go_on(done: int, total: int) -> None:
                if self._stopping.is_set() or store.job(job_id).status == "cancelled":
                    raise Stopped(f"Stopped after {done} of {total} questions.")

            evaluate(self._engine, cases, collection, folder, asked["metrics"], go_on)
            store.finish_item(item.id, "added")
            store.set_job_status(job_id, "succeeded")

    def _ended(self, job_id: str, done: Future[None]) -> None:
        with self._lock:
            self._queued.discard(job_id)
        error = None if done.cancelled() else done.exception()
        if error is None or isinstance(error, Stopped):
            return
        logger.error("Evaluation %s failed.", job_id, exc_info=error)
        code, message = (
            (error.code, error.message) if isinstance(error, RagError) else ("internal_error", str(error))
        )
        for item in self._engine.store.job_items(job_id):
            self._engine.store.finish_item(item.id, "failed", (code, message))
        self._engine.store.set_job_status(job_id, "failed")


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Whether this process may run the evaluation: false while another on the same store does."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _unknown(job_id: str) -> NotFound:
    return NotFound(f"There is no evaluation {job_id} here.", code="evaluation_not_found")
