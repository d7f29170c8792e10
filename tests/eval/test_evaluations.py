"""Evaluations as jobs of the service."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from eval.cases import Case
from eval.corpus import put_whole
from eval.evaluations import KIND, Evaluations
from eval.runs.execute import Limits, RunRequest
from eval.runs.journal import ROWS
from ingest.worker import Worker
from rag.errors import Conflict, InvalidInput, NotFound
from rag.service import Service
from rag.store import JobItem
from rag.types import Job
from tests.eval.conftest import MANUALS

CASES = [
    Case("What pressure is the bilge pump rated for?", "16 bar", ("pump.txt",)),
    Case("Who painted the lamp?"),
]


@pytest.fixture
def evaluations(manuals: Service, tmp_path: Path) -> Iterator[Evaluations]:
    with closing(Evaluations(manuals, tmp_path)) as found:
        yield found


def finished(evaluations: Evaluations, job: str) -> Job:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = evaluations.job(job)
        if found.status not in ("queued", "running"):
            return found
        time.sleep(0.05)
    raise AssertionError(f"still {found.status}")


def asked(*metrics: str, times: int = 1) -> RunRequest:
    return RunRequest(CASES * times, "manuals", metrics)


def test_a_job_from_its_cases_to_its_report(evaluations: Evaluations, manuals: Service) -> None:
    job = evaluations.submit(asked("rouge_score", "id_based_context_recall"))
    assert job.kind == "evaluation"
    assert job.counts.total == 2
    with pytest.raises(Conflict) as early:
        evaluations.run(job.id)
    assert early.value.code == "evaluation_not_finished"
    ended = finished(evaluations, job.id)
    assert (ended.status, ended.counts.done) == ("succeeded", 2)
    run = evaluations.run(job.id)
    recall, rouge = (run.summary(name).interval for name in ("id_based_context_recall", "rouge_score"))
    assert recall is not None
    assert rouge is not None
    assert (recall.mean, rouge.n) == (1, 1)
    assert [row.question for row in run.rows] == [case.question for case in CASES]
    assert [one.id for one in manuals.store.jobs.newest("manuals", limit=1, kind=KIND)] == [job.id]


def test_what_an_earlier_process_left_is_gone_on_with(manuals: Service, tmp_path: Path) -> None:
    """As after kill -9: some cases are done, the job is running, and nobody works on it."""
    with closing(Evaluations(manuals, tmp_path)) as first:
        job = first.submit(asked("exact_match", times=30))
        deadline = time.monotonic() + 60
        while manuals.store.jobs.get(job.id).counts.done < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
    left = manuals.store.jobs.get(job.id)
    assert left.status == "running"
    assert 2 <= left.counts.done < 60
    rows = tmp_path / "evaluations" / job.id / ROWS
    before = rows.read_bytes()
    with closing(Evaluations(manuals, tmp_path)) as second:
        assert finished(second, job.id).status == "succeeded"
        assert len(second.run(job.id).rows) == 60
    assert rows.read_bytes().startswith(before), "what was done stays done"
    assert rows.read_bytes().count(b"\n") == 60


def test_a_collection_that_changed_is_asked_from_the_start(manuals: Service, tmp_path: Path) -> None:
    put_whole(manuals.store, manuals.models.encoder, "moving", MANUALS[:2])
    with closing(Evaluations(manuals, tmp_path)) as first:
        job = first.submit(replace(asked("exact_match", times=30), collection="moving"))
        deadline = time.monotonic() + 60
        while manuals.store.jobs.get(job.id).counts.done < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
    manuals.store.documents.delete(manuals.store.documents.page("moving")[0][0].document.id)
    with closing(Evaluations(manuals, tmp_path)) as second:
        assert finished(second, job.id).status == "succeeded"
        run = second.run(job.id)
    assert run.setup.collection_version == manuals.store.collections.get("moving").version
    assert len(run.rows) == 60
    manuals.store.collections.delete("moving")


def test_a_cancelled_job_stops(evaluations: Evaluations, manuals: Service) -> None:
    job = evaluations.submit(asked("exact_match", times=200))
    manuals.store.jobs.cancel(job.id)
    evaluations.close()
    assert evaluations.job(job.id).status == "cancelled"


def test_a_cancelled_job_can_be_retried(evaluations: Evaluations, manuals: Service) -> None:
    first = evaluations.submit(asked("exact_match", times=200))
    job = evaluations.submit(asked("exact_match"))
    for one in (job, first):
        manuals.store.jobs.cancel(one.id)
    manuals.store.jobs.retry(job.id)
    assert finished(evaluations, job.id).status == "succeeded"
    assert evaluations.job(first.id).status == "cancelled"


def test_the_cost_limit_leaves_the_rest_unasked(evaluations: Evaluations) -> None:
    job = evaluations.submit(replace(asked("exact_match"), limits=Limits(max_cost=0)))
    ended = finished(evaluations, job.id)
    assert ended.status == "partial"
    assert {error.code for error in ended.errors} == {"cost_limit"}


def test_a_collection_that_goes_away_fails_the_job(manuals: Service, tmp_path: Path) -> None:
    manuals.store.collections.create("passing")
    payload = json.dumps({"question": "Why?", "id": "why"}).encode()
    options = {"metrics": "unheard_of"}
    job = manuals.store.jobs.create("evaluation", "passing", [JobItem("why", payload=payload)], options)
    with closing(Evaluations(manuals, tmp_path)) as evaluations:
        ended = finished(evaluations, job.id)
    assert (ended.status, ended.errors[0].code) == ("failed", "unknown_metric")


def test_the_ingest_worker_leaves_it_alone(manuals: Service) -> None:
    """Both kinds of job wait in the same store; cases are not documents."""
    job = manuals.store.jobs.create("evaluation", "manuals", [JobItem("evaluation", payload=b"{}")])
    before = manuals.store.collections.get("manuals").documents
    with Worker(manuals.settings, store=manuals.store, encoder=manuals.models.encoder) as worker:
        worker.drain()
    assert manuals.store.jobs.get(job.id).status == "queued"
    assert manuals.store.collections.get("manuals").documents == before
    manuals.store.jobs.cancel(job.id)


def test_mistakes_have_codes_and_queue_nothing(evaluations: Evaluations, manuals: Service) -> None:
    before = len(manuals.store.jobs.newest())
    with pytest.raises(InvalidInput) as empty:
        evaluations.submit(RunRequest((), "manuals"))
    assert empty.value.code == "cases_empty"
    with pytest.raises(InvalidInput) as metric:
        evaluations.submit(asked("accuracy"))
    assert metric.value.code == "unknown_metric"
    with pytest.raises(NotFound) as collection:
        evaluations.submit(RunRequest(CASES, "nowhere"))
    assert collection.value.code == "collection_not_found"
    assert len(manuals.store.jobs.newest()) == before


def test_a_job_of_another_kind_is_no_evaluation(evaluations: Evaluations, manuals: Service) -> None:
    job = manuals.store.jobs.create("upload", "manuals", [])
    for unknown in (job.id, "none"):
        with pytest.raises(NotFound) as caught:
            evaluations.job(unknown)
        assert caught.value.code == "evaluation_not_found"
