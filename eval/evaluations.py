"""Evaluations as jobs of the store: what the calls of /v1/evaluations do, and how a worker processes one.

A job of kind `evaluation` has an item for every case, so that its progress is any job's. Cases, rows and
report are in the store: any process answers for them, and what a crash cut short another worker goes on with,
where it was.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from eval.cases import Case, parse_case
from eval.cases.case import with_ids
from eval.cases.write import as_row
from eval.environment import require
from eval.metrics.ragas.meter import CostLimit
from eval.metrics.registry import REQUIRED, chosen
from eval.report.json import from_json, to_json
from eval.runs.execute import Limits, RunRequest, execute
from eval.runs.journal import in_store, read_stored_cases
from eval.runs.record import Row, Run
from eval.runs.setup import AskOptions
from jobs.progress import JobProgress
from rag.errors import Conflict, InvalidInput, NotFound
from rag.service import Service, open_service
from rag.settings import Settings
from rag.store import ItemRecord, JobItem, Outcome, Store
from rag.store.records import JobRequest, Option
from rag.types import Job, JobStatus

KIND = "evaluation"
ENDED = ("succeeded", "partial")


def submit(store: Store, settings: Settings, asked: RunRequest) -> Job:
    """A queued evaluation.

    Raises NotFound `collection_not_found`, InvalidInput `unknown_metric`, `cases_empty` or
    `cases_duplicate_id`, ModelError `extra_missing`, Conflict `no_generator`.
    """
    require(*REQUIRED)
    chosen(asked.metrics, settings)
    if not asked.cases:
        raise InvalidInput("There is no case to evaluate.", code="cases_empty")
    items = [_job_item(case) for case in with_ids(asked.cases)]
    return store.jobs.create(KIND, asked.collection, items, _options(asked))


def find(store: Store, job_id: str) -> Job:
    """The job of an evaluation; raises NotFound `evaluation_not_found`."""
    try:
        job = store.jobs.get(job_id)
    except NotFound as error:
        raise _unknown(job_id) from error
    if job.kind != KIND:
        raise _unknown(job_id)
    return job


def read_report(store: Store, job_id: str) -> str:
    """The report of an evaluation that has ended, in JSON.

    Raises NotFound `evaluation_not_found`, Conflict `evaluation_not_finished`.
    """
    job = find(store, job_id)
    if job.status not in ENDED:
        raise Conflict(f"Evaluation {job_id} is {job.status}.", code="evaluation_not_finished")
    report = store.evaluations.report(job_id)
    if report is None:
        raise _unknown(job_id)
    return report


def read_run(store: Store, job_id: str) -> Run:
    """The run of an evaluation that has ended; raises as `read_report`."""
    return from_json(read_report(store, job_id))


class EvaluationHandler:
    """Asks and scores the cases of a job, with a service of its own that lives as long as the job."""

    kind = KIND
    outcome: Outcome = "added"

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store

    def process(self, job: JobRequest, progress: JobProgress) -> JobStatus:
        """Ask what has not been asked, and write the report."""
        cases = self._cases(job.id, progress.items)
        with open_service(self._settings, self._store) as service:
            run = self._execute(service, job, cases, progress)
        self._store.evaluations.finish(job.id, to_json(run))
        if len(run.rows) < len(cases):
            limit = CostLimit(f"Stopped after {len(run.rows)} of {len(cases)} questions: the cost limit.")
            for item in self._store.jobs.items(job.id, "pending"):
                self._store.jobs.finish_item(item.id, "failed", (limit.code, limit.message))
            return "partial"
        return _final_status(run)

    def _execute(
        self, service: Service, job: JobRequest, cases: Sequence[Case], progress: JobProgress
    ) -> Run:
        """Go on with the run of the job; from the start where collection, models or settings have changed."""
        asked = _asked(job, cases)
        item_ids = {item.item.source: item.id for item in progress.items}
        again = [item.item.source for item in progress.items if item.state == "pending"]

        def finish(row: Row) -> None:
            error = (row.failure.code, row.failure.message) if row.failure else None
            self._store.jobs.finish_item(item_ids[row.id], "failed" if error else "added", error)

        try:
            return execute(
                service, asked, in_store(self._store, job.id), progress.report, again=again, on_row=finish
            )
        except Conflict as error:
            if error.code != "run_differs":
                raise
            journal = in_store(self._store, job.id, fresh=True)
            return execute(service, asked, journal, progress.report, on_row=finish)

    def _cases(self, job_id: str, items: Sequence[ItemRecord]) -> list[Case]:
        """The cases: from the run, once that has begun, as the store forgets the payloads of items that are
        done.
        """
        begun = read_stored_cases(self._store, job_id)
        if begun is not None:
            return begun
        payloads = [self._store.jobs.payload(item.id) for item in items]
        if None in payloads:
            raise Conflict(
                "An earlier version of the service began this evaluation; start it again.",
                code="evaluation_outdated",
            )
        rows = (json.loads(payload or b"") for payload in payloads)
        return [parse_case(row, f"cases[{place}]") for place, row in enumerate(rows)]


def _final_status(run: Run) -> JobStatus:
    failed = sum(row.failure is not None for row in run.rows)
    return "failed" if failed == len(run.rows) else "partial" if failed else "succeeded"


def _job_item(case: Case) -> JobItem:
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
    return NotFound(f"There is no evaluation {job_id}.", code="evaluation_not_found")
