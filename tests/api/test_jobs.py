"""Jobs over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import httpx
import pytest

from tests.api.service import Live, events


@pytest.fixture
def job(http: httpx.Client) -> Iterator[str]:
    """The path of a queued job with one good and one bad source."""
    http.post("/v1/collections", json={"name": "jobs"}).raise_for_status()
    files = [("files", ("good.txt", b"The lamp is green.")), ("files", ("bad.pdf", b"%PDF-1.4 nonsense"))]
    response = http.post("/v1/collections/jobs/documents", files=files)
    yield response.headers["location"]
    http.delete("/v1/collections/jobs")


def test_a_job_is_listed(http: httpx.Client, job: str) -> None:
    one = http.get(job).json()
    assert set(one) >= {"id", "kind", "status", "counts", "errors", "created_at", "updated_at"}
    assert set(one["counts"]) == {
        "total", "added", "replaced", "moved", "unchanged", "removed", "failed", "quarantined"
    }  # fmt: skip
    assert one["created_at"].endswith("Z")
    assert http.get("/v1/jobs").json()["jobs"][0] == one
    assert http.get("/v1/jobs", params={"collection": "jobs", "status": "queued"}).json()["jobs"] == [one]
    assert http.get("/v1/jobs", params={"collection": "jobs", "status": "failed"}).json()["jobs"] == []


def test_a_narrow_key_sees_its_jobs_behind_the_others(live: Live, http: httpx.Client, job: str) -> None:
    body = {"documents": [{"source": "x", "text": "x"}]}
    for _ in range(3):
        http.post("/v1/collections/manuals/documents", json=body)
    with live.client(live.runtime.store.keys.add("jobs", "read", ["jobs"])) as narrow:
        jobs = narrow.get("/v1/jobs", params={"limit": 1}).json()["jobs"]
    assert [f"/v1/jobs/{one['id']}" for one in jobs] == [job]
    for one in http.get("/v1/jobs", params={"collection": "manuals", "status": "queued"}).json()["jobs"]:
        http.post(f"/v1/jobs/{one['id']}/cancel").raise_for_status()


def test_cancel_and_retry(live: Live, http: httpx.Client, job: str) -> None:
    assert http.post(f"{job}/retry").status_code == 409
    assert http.post(f"{job}/cancel").json()["status"] == "cancelled"
    live.work()
    assert http.get("/v1/collections/jobs").json()["documents"] == 0
    assert http.post(f"{job}/retry").json()["status"] == "queued"
    live.work()
    done = http.get(job).json()
    assert done["status"] == "partial"
    assert [error["source"] for error in done["errors"]] == ["bad.pdf"]
    assert http.post(f"{job}/cancel").status_code == 409
    assert http.post("/v1/jobs/none/retry").status_code == 404


def test_events_tell_every_change_and_end_with_the_job(live: Live, http: httpx.Client, job: str) -> None:
    worker = threading.Timer(0.6, live.work)
    worker.start()
    told = events(http.get(f"{job}/events"))
    worker.join()
    assert {name for name, _ in told} == {"job"}
    assert told[0][1]["status"] == "queued"
    assert told[-1][1] == http.get(job).json()
    assert told[-1][1]["status"] == "partial"
    progress = told[-1][1]["progress"]
    assert (progress["done"], progress["total"], progress["chunks"], progress["seconds_left"]) == (
        2,
        2,
        1,
        0.0,
    )
    assert progress["files_per_second"] > 0
    assert told[0][1]["progress"]["seconds_left"] is None
    assert len(events(http.get(f"{job}/events"))) == 1  # a finished job is told once
    assert http.get("/v1/jobs/none/events").status_code == 404
