"""Evaluations as jobs: in the store from the first case to the report, by whichever worker."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from eval.cases import Case
from eval.corpus import put_whole
from eval.evaluations import KIND, EvaluationHandler, find, read_run, submit
from eval.runs.execute import Limits, RunRequest
from ingest.handler import ingest_worker
from jobs.progress import Progress
from jobs.worker import Worker
from rag.errors import Conflict, InvalidInput, NotFound
from rag.service import Service
from rag.store import EvaluationRow, JobItem, Store
from rag.types import Job
from tests.cli.commands import environment, wait_for
from tests.eval.conftest import MANUALS

CASES = [
    Case("What pressure is the bilge pump rated for?", "16 bar", ("pump.txt",)),
    Case("Who painted the lamp?"),
]


def worker_of(manuals: Service) -> Worker:
    return Worker(manuals.store, jobs=[EvaluationHandler(manuals.settings, manuals.store)])


def finished(manuals: Service, job: str) -> Job:
    with worker_of(manuals) as worker:
        worker.drain()
    return find(manuals.store, job)


def stopped_after(manuals: Service, job: str, cases: int) -> list[EvaluationRow]:
    """The rows of a worker that was killed after so many cases."""
    command = [sys.executable, "-P", "-m", "api.cli.main", "worker", "--data", str(manuals.settings.data)]
    with subprocess.Popen(command, env=environment()) as process:
        try:
            assert wait_for(lambda: manuals.store.jobs.get(job).counts.done >= cases)
        finally:
            process.kill()
    return manuals.store.evaluations.rows(job)


def asked(*metrics: str, times: int = 1) -> RunRequest:
    return RunRequest(CASES * times, "manuals", metrics)


def test_a_job_from_its_cases_to_its_report(manuals: Service) -> None:
    job = submit(manuals.store, manuals.settings, asked("rouge_score", "id_based_context_recall"))
    assert job.kind == "evaluation"
    assert job.counts.total == 2
    with pytest.raises(Conflict) as early:
        read_run(manuals.store, job.id)
    assert early.value.code == "evaluation_not_finished"
    ended = finished(manuals, job.id)
    assert (ended.status, ended.counts.done) == ("succeeded", 2)
    with Store.open(manuals.settings.store_url) as other:
        run = read_run(other, job.id)
    recall, rouge = (run.summary(name).interval for name in ("id_based_context_recall", "rouge_score"))
    assert recall is not None
    assert rouge is not None
    assert (recall.mean, rouge.n) == (1, 1)
    assert [row.question for row in run.rows] == [case.question for case in CASES]
    assert [one.id for one in manuals.store.jobs.newest("manuals", limit=1, kind=KIND)] == [job.id]


def test_what_a_killed_worker_left_another_one_goes_on_with(manuals: Service) -> None:
    job = submit(manuals.store, manuals.settings, asked("exact_match", times=30))
    before = stopped_after(manuals, job.id, 2)
    left = manuals.store.jobs.get(job.id)
    assert left.status == "running"
    assert 2 <= left.counts.done <= len(before) < 60
    assert finished(manuals, job.id).status == "succeeded"
    assert len(read_run(manuals.store, job.id).rows) == 60
    after = manuals.store.evaluations.rows(job.id)
    assert len(after) == 60
    done = left.counts.done  # the row of one more case may have been written, and is written anew
    assert after[:done] == before[:done], "what was done stays done"


def test_a_collection_that_changed_is_asked_from_the_start(manuals: Service) -> None:
    put_whole(manuals.store, manuals.models.encoder, "moving", MANUALS[:2])
    wanted = replace(asked("exact_match", times=30), collection="moving")
    job = submit(manuals.store, manuals.settings, wanted)
    stopped_after(manuals, job.id, 2)
    manuals.store.documents.delete(manuals.store.documents.page("moving")[0][0].document.id)
    assert finished(manuals, job.id).status == "succeeded"
    run = read_run(manuals.store, job.id)
    assert run.setup.collection_version == manuals.store.collections.get("moving").version
    assert len(run.rows) == 60
    manuals.store.collections.delete("moving")


def test_a_cancelled_job_stops_and_a_retry_asks_what_is_left(manuals: Service) -> None:
    job = submit(manuals.store, manuals.settings, asked("exact_match", times=15))

    def cancel(progress: Progress) -> None:
        if progress.done >= 2:
            manuals.store.jobs.cancel(job.id)

    with worker_of(manuals) as worker:
        worker.drain(cancel)
    assert find(manuals.store, job.id).status == "cancelled"
    rows = manuals.store.evaluations.rows(job.id)
    assert 2 <= len(rows) < 30
    manuals.store.jobs.retry(job.id)
    assert finished(manuals, job.id).status == "succeeded"
    assert manuals.store.evaluations.rows(job.id)[: len(rows)] == rows


def test_a_job_that_was_cancelled_before_its_turn_can_be_retried(manuals: Service) -> None:
    first = submit(manuals.store, manuals.settings, asked("exact_match", times=200))
    job = submit(manuals.store, manuals.settings, asked("exact_match"))
    for one in (job, first):
        manuals.store.jobs.cancel(one.id)
    manuals.store.jobs.retry(job.id)
    assert finished(manuals, job.id).status == "succeeded"
    assert find(manuals.store, first.id).status == "cancelled"


def test_the_cost_limit_leaves_the_rest_unasked(manuals: Service) -> None:
    wanted = replace(asked("exact_match"), limits=Limits(max_cost=0))
    ended = finished(manuals, submit(manuals.store, manuals.settings, wanted).id)
    assert ended.status == "partial"
    assert {error.code for error in ended.errors} == {"cost_limit"}


def test_a_metric_that_is_gone_fails_the_job(manuals: Service) -> None:
    manuals.store.collections.create("passing")
    payload = json.dumps({"question": "Why?", "id": "why"}).encode()
    options = {"metrics": "unheard_of"}
    job = manuals.store.jobs.create("evaluation", "passing", [JobItem("why", payload=payload)], options)
    ended = finished(manuals, job.id)
    assert (ended.status, ended.errors[0].code) == ("failed", "unknown_metric")


def test_the_ingest_worker_leaves_it_alone(manuals: Service) -> None:
    """Both kinds of job wait in the same store; cases are not documents."""
    job = manuals.store.jobs.create("evaluation", "manuals", [JobItem("evaluation", payload=b"{}")])
    before = manuals.store.collections.get("manuals").documents
    with ingest_worker(manuals.settings, manuals.store, manuals.models.encoder) as worker:
        worker.drain()
    assert manuals.store.jobs.get(job.id).status == "queued"
    assert manuals.store.collections.get("manuals").documents == before
    manuals.store.jobs.cancel(job.id)


def test_mistakes_have_codes_and_queue_nothing(manuals: Service) -> None:
    before = len(manuals.store.jobs.newest())
    with pytest.raises(InvalidInput) as empty:
        submit(manuals.store, manuals.settings, RunRequest((), "manuals"))
    assert empty.value.code == "cases_empty"
    with pytest.raises(InvalidInput) as metric:
        submit(manuals.store, manuals.settings, asked("accuracy"))
    assert metric.value.code == "unknown_metric"
    with pytest.raises(NotFound) as collection:
        submit(manuals.store, manuals.settings, RunRequest(CASES, "nowhere"))
    assert collection.value.code == "collection_not_found"
    assert len(manuals.store.jobs.newest()) == before


def test_a_job_of_another_kind_is_no_evaluation(manuals: Service) -> None:
    job = manuals.store.jobs.create("upload", "manuals", [])
    for unknown in (job.id, "none"):
        with pytest.raises(NotFound) as caught:
            find(manuals.store, unknown)
        assert caught.value.code == "evaluation_not_found"


def test_what_an_earlier_version_began_is_named(manuals: Service) -> None:
    """Its rows lie in a folder, and the store has forgotten the cases that are done."""
    job = submit(manuals.store, manuals.settings, asked("exact_match"))
    manuals.store.jobs.finish_item(manuals.store.jobs.items(job.id)[0].id, "added")
    ended = finished(manuals, job.id)
    assert (ended.status, ended.errors[0].code) == ("failed", "evaluation_outdated")
