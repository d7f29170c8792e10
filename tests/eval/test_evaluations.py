"""Evaluations as jobs of the service."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from eval.cases import Case
from eval.evaluations import Evaluations
from ingest.worker import Worker
from rag.answer.engine import Engine
from rag.errors import InvalidInput, NotFound
from rag.store import JobItem

CASES = [
    Case("What pressure is the bilge pump rated for?", "16 bar", ("pump.txt",)),
    Case("Who painted the lamp?"),
]


@pytest.fixture
def evaluations(manuals: Engine, tmp_path: Path) -> Iterator[Evaluations]:
    with closing(Evaluations(manuals, tmp_path)) as found:
        yield found


def finished(evaluations: Evaluations, job: str) -> dict[str, object]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = evaluations.result(job)
        if found["status"] not in ("queued", "running"):
            return found
        time.sleep(0.05)
    raise AssertionError(f"still {found['status']}")


def test_a_job_from_its_cases_to_its_report(evaluations: Evaluations, manuals: Engine) -> None:
    job = evaluations.submit("manuals", CASES, ["rouge_score", "id_based_context_recall"])
    assert job.kind == "evaluation"
    found = finished(evaluations, job.id)
    assert found["status"] == "succeeded"
    scores, rows = found["scores"], found["rows"]
    assert isinstance(scores, dict)
    assert isinstance(rows, list)
    assert scores["id_based_context_recall"]["mean"] == 1
    assert scores["rouge_score"]["n"] == 1
    assert [row["question"] for row in rows] == [case.question for case in CASES]
    assert manuals.store.job(job.id).status == "succeeded"


def test_what_an_earlier_process_left_is_taken_up(manuals: Engine, tmp_path: Path) -> None:
    """As after kill -9: the job is there, running, and nobody works on it."""
    payload = json.dumps(
        {"cases": [{"question": CASES[0].question, "reference": "16 bar"}], "metrics": ["exact_match"]}
    )
    job = manuals.store.create_job("evaluation", "manuals", [JobItem("evaluation", payload=payload.encode())])
    manuals.store.set_job_status(job.id, "running")
    with closing(Evaluations(manuals, tmp_path)) as evaluations:
        assert finished(evaluations, job.id)["status"] == "succeeded"


def test_a_cancelled_job_stops(evaluations: Evaluations, manuals: Engine) -> None:
    job = evaluations.submit("manuals", CASES * 200, ["exact_match"])
    manuals.store.cancel_job(job.id)
    evaluations.close()
    assert evaluations.result(job.id)["status"] == "cancelled"
    assert evaluations.result(job.id)["rows"] == []


def test_a_cancelled_job_can_be_retried(evaluations: Evaluations, manuals: Engine) -> None:
    first = evaluations.submit("manuals", CASES * 200, ["exact_match"])
    job = evaluations.submit("manuals", CASES, ["exact_match"])
    for one in (job, first):
        manuals.store.cancel_job(one.id)
    manuals.store.retry_job(job.id)
    assert finished(evaluations, job.id)["status"] == "succeeded"
    assert evaluations.result(first.id)["status"] == "cancelled"


def test_a_collection_that_goes_away_fails_the_job(evaluations: Evaluations, manuals: Engine) -> None:
    manuals.store.create_collection("passing")
    payload = json.dumps({"cases": [{"question": "Why?"}], "metrics": ["unheard_of"]})
    job = manuals.store.create_job("evaluation", "passing", [JobItem("evaluation", payload=payload.encode())])
    with closing(Evaluations(manuals, evaluations.folder.parent)) as again:
        found = finished(again, job.id)
    assert found["status"] == "failed"
    assert found["error"] == {
        "code": "unknown_metric",
        "message": manuals.store.job(job.id).errors[0].message,
    }


def test_the_ingest_worker_leaves_it_alone(manuals: Engine) -> None:
    """Both kinds of job wait in the same store; cases are not documents."""
    job = manuals.store.create_job("evaluation", "manuals", [JobItem("evaluation", payload=b"{}")])
    before = manuals.store.collection("manuals").documents
    with Worker(manuals.settings, store=manuals.store, encoder=manuals.encoder) as worker:
        worker.drain()
    assert manuals.store.job(job.id).status == "queued"
    assert manuals.store.collection("manuals").documents == before
    manuals.store.cancel_job(job.id)


def test_mistakes_have_codes_and_queue_nothing(evaluations: Evaluations, manuals: Engine) -> None:
    before = len(manuals.store.jobs())
    with pytest.raises(InvalidInput) as empty:
        evaluations.submit("manuals", [])
    assert empty.value.code == "cases_empty"
    with pytest.raises(InvalidInput) as metric:
        evaluations.submit("manuals", CASES, ["accuracy"])
    assert metric.value.code == "unknown_metric"
    with pytest.raises(NotFound) as collection:
        evaluations.submit("nowhere", CASES)
    assert collection.value.code == "collection_not_found"
    assert len(manuals.store.jobs()) == before


def test_a_job_of_another_kind_is_no_evaluation(evaluations: Evaluations, manuals: Engine) -> None:
    job = manuals.store.create_job("upload", "manuals", [])
    for unknown in (job.id, "none"):
        with pytest.raises(NotFound) as caught:
            evaluations.result(unknown)
        assert caught.value.code == "evaluation_not_found"
