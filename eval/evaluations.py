"""Evaluations as background jobs of the service: what the calls of /v1/evaluations do."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from eval.cases import Case, parse_case
from eval.cases.case import with_ids
from eval.cases.write import as_row
from eval.environment import require
from eval.metrics.ragas.meter import CostLimit
from eval.metrics.registry import REQUIRED, chosen
from eval.report.files import read_report, write_run
from eval.report.json import from_json
from eval.runs.execute import Limits, RunRequest, execute
from eval.runs.journal import CASES, read_run_cases
from eval.runs.record import Row, Run
from eval.runs.setup import AskOptions
from rag.errors import Conflict, InvalidInput, NotFound, RagError
from rag.service import Service
from rag.store import ItemRecord, JobItem
from rag.store.records import JobRequest, Option
from rag.types import Job, JobStatus

logger = logging.getLogger(__name__)

KIND = "evaluation"
OPEN = ("queued", "running")
ENDED = ("succeeded", "partial")


class Stopped(RagError):
    """The evaluation was cancelled, or the service is ending."""

    code = "evaluation_stopped"


class Evaluations:
    """Runs evaluations one after the other in a thread of this process.

    A job of kind `evaluation` has an item for every case, so that its progress is any job's. Rows and report
    lie in DATA/evaluations/<job id>/; what a crash or an end of the service cut short goes on where it was.
    """

    def __init__(self, service: Service, data: Path) -> None:
        self._service = service
        self.folder = data / "evaluations"
        self._stopping = threading.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="evaluation")
        self._lock = threading.Lock()
        self._queued: set[str] = set()
        for job in service.store.jobs.requests([KIND]):
            self._queue(job.id)

    def submit(self, asked: RunRequest) -> Job:
        """Queue an evaluation and return its job.

        Raises NotFound `collection_not_found`, InvalidInput `unknown_metric`, `cases_empty` or
        `cases_duplicate_id`, ModelError `extra_missing`, Conflict `no_generator`.
        """
        require(*REQUIRED)
        chosen(asked.metrics, self._service.settings)
        if not asked.cases:
            raise InvalidInput("There is no case to evaluate.", code="cases_empty")
        items = [_item(case) for case in with_ids(asked.cases)]
        job = self._service.store.jobs.create(KIND, asked.collection, items, _options(asked))
        self._queue(job.id)
        return job

    def job(self, job_id: str) -> Job:
        """The job of an evaluation; raises NotFound `evaluation_not_found`."""
        try:
            job = self._service.store.jobs.get(job_id)
        except NotFound as error:
            raise _unknown(job_id) from error
        if job.kind != KIND:
            raise _unknown(job_id)
        if job.status == "queued":
            self._queue(job_id)  # after a retry, or when the process that took the request is gone
        return job

    def run(self, job_id: str) -> Run:
        """The run of an evaluation that has ended; raises as `report`."""
        return from_json(self.report(job_id))

    def report(self, job_id: str) -> str:
        """The report of an evaluation that has ended, in JSON.

        Raises NotFound `evaluation_not_found`, Conflict `evaluation_not_finished`.
        """
        job = self.job(job_id)
        if job.status not in ENDED:
            raise Conflict(f"Evaluation {job_id} is {job.status}.", code="evaluation_not_finished")
        try:
            return read_report(self.folder / job_id)
        except NotFound as error:
            raise _unknown(job_id) from error

    def close(self) -> None:
        """Stop after the question at hand."""
        self._stopping.set()
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _queue(self, job_id: str) -> None:
        with self._lock:
            if job_id in self._queued or self._stopping.is_set():
                return
            self._queued.add(job_id)
        future = self._thread.submit(self._run, job_id)
        future.add_done_callback(lambda done: self._ended(job_id, done))

    def _run(self, job_id: str) -> None:
        store = self._service.store
        if store.jobs.status(job_id) not in OPEN:
            return
        items = store.jobs.items(job_id)
        cases = self._cases(job_id, items)
        asked = _asked(store.jobs.request(job_id), cases)
        store.jobs.set_status(job_id, "running")
        try:
            run = self._execute(job_id, items, asked)
        except Conflict as error:
            if error.code == "run_locked":  # another process on this store is at it
                return
            raise
        write_run(run, cases, self.folder / job_id)
        if len(run.rows) < len(cases):
            raise CostLimit(f"Stopped after {len(run.rows)} of {len(cases)} questions: the cost limit.")
        store.jobs.set_status(job_id, _ending(run))

    def _execute(self, job_id: str, items: Sequence[ItemRecord], asked: RunRequest) -> Run:
        """Go on with the run of the job; from the start where collection, models or settings have changed."""
        number = {item.item.source: item.id for item in items}
        again = [item.item.source for item in items if item.state == "pending"]

        def finish(row: Row) -> None:
            error = (row.failure.code, row.failure.message) if row.failure else None
            self._service.store.jobs.finish_item(number[row.id], "failed" if error else "added", error)

        def go_on(done: int, total: int) -> None:
            if self._stopping.is_set() or self._service.store.jobs.status(job_id) == "cancelled":
                raise Stopped(f"Stopped after {done} of {total} questions.")

        folder = self.folder / job_id
        try:
            return execute(self._service, asked, folder, go_on, again=again, on_row=finish)
        except Conflict as error:
            if error.code != "run_differs":
                raise
            return execute(self._service, asked, folder, go_on, fresh=True, on_row=finish)

    def _cases(self, job_id: str, items: Sequence[ItemRecord]) -> list[Case]:
        """The cases of a job: from its run, once that has begun, as the store forgets those that are done."""
        if (self.folder / job_id / CASES).is_file():
            return read_run_cases(self.folder / job_id)
        payloads = (json.loads(self._service.store.jobs.payload(item.id) or b"{}") for item in items)
        return [parse_case(row, f"cases[{place}]") for place, row in enumerate(payloads)]

    def _ended(self, job_id: str, done: Future[None]) -> None:
        with self._lock:
            self._queued.discard(job_id)
        error = None if done.cancelled() else done.exception()
        if error is None or isinstance(error, Stopped):
            return
        if not isinstance(error, CostLimit):
            logger.error("Evaluation %s failed.", job_id, exc_info=error)
        code = error.code if isinstance(error, RagError) else "internal_error"
        for item in self._service.store.jobs.items(job_id, "pending"):
            self._service.store.jobs.finish_item(item.id, "failed", (code, str(error)))
        self._service.store.jobs.set_status(job_id, "partial" if isinstance(error, CostLimit) else "failed")


def _ending(run: Run) -> JobStatus:
    failed = sum(row.failure is not None for row in run.rows)
    return "failed" if failed == len(run.rows) else "partial" if failed else "succeeded"


def _item(case: Case) -> JobItem:
    payload = json.dumps(as_row(case)).encode()
    return JobItem(case.id or "", media_type="application/json", payload=payload)


def _options(asked: RunRequest) -> dict[str, Option]:
    metrics = None if asked.metrics is None else " ".join(asked.metrics)
    limits = {"at_once": asked.limits.at_once, "max_cost": asked.limits.max_cost}
    return {"metrics": metrics, "seed": asked.seed, **limits, **asdict(asked.asking)}


def _asked(request: JobRequest, cases: Sequence[Case]) -> RunRequest:
    given: Mapping[str, Option] = request.options
    metrics = given.get("metrics")
    cost = given.get("max_cost")
    asking = {name: given[name] for name in ("k", "mode", "check") if name in given}
    return RunRequest(
        cases,
        request.collection,
        str(metrics).split() if metrics else None,
        AskOptions(**asking),  # type: ignore[arg-type]
        Limits(at_once=int(given.get("at_once") or 1), max_cost=None if cost is None else float(cost)),
        seed=int(given.get("seed") or 0),
    )


def _unknown(job_id: str) -> NotFound:
    return NotFound(f"There is no evaluation {job_id} here.", code="evaluation_not_found")
