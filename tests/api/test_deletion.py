"""Documents and collections can be deleted in every state."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.api.service import Live

GOOD = {"documents": [{"source": "a.txt", "text": "The lamp is green."}]}


@pytest.fixture
def shelf(http: httpx.Client) -> Iterator[str]:
    http.post("/v1/collections", json={"name": "shelf"}).raise_for_status()
    yield "/v1/collections/shelf"
    http.delete("/v1/collections/shelf")


def documents(http: httpx.Client, shelf: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = http.get(f"{shelf}/documents").json()["documents"]
    return found


def found(http: httpx.Client, query: str) -> int:
    return len(http.post("/v1/search", json={"collection": "shelf", "query": query}).json()["hits"])


def test_a_document_that_is_ready(live: Live, http: httpx.Client, shelf: str) -> None:
    http.post(f"{shelf}/documents", json=GOOD)
    live.work()
    [one] = documents(http, shelf)
    assert found(http, "lamp") == 1
    assert http.delete(f"/v1/documents/{one['id']}").status_code == 204
    assert (documents(http, shelf), found(http, "lamp")) == ([], 0)


def test_a_document_that_failed(live: Live, http: httpx.Client, shelf: str) -> None:
    http.post(f"{shelf}/documents", files=[("files", ("bad.pdf", b"%PDF-1.4 nonsense"))])
    live.work()
    [one] = documents(http, shelf)
    assert one["status"] == "failed"
    assert http.delete(f"/v1/documents/{one['id']}").status_code == 204
    assert documents(http, shelf) == []


def test_a_document_that_a_queued_job_is_to_replace(live: Live, http: httpx.Client, shelf: str) -> None:
    http.post(f"{shelf}/documents", json=GOOD)
    live.work()
    job = http.post(f"{shelf}/documents", json={"documents": [{"source": "a.txt", "text": "It is red."}]})
    [one] = documents(http, shelf)
    assert http.delete(f"/v1/documents/{one['id']}").status_code == 204
    live.work()
    counts = http.get(job.headers["location"]).json()["counts"]
    assert (counts["added"], counts["replaced"]) == (1, 0)


def test_a_collection_with_a_queued_a_failed_and_a_cancelled_job(
    live: Live, http: httpx.Client, shelf: str
) -> None:
    bad = http.post(f"{shelf}/documents", files=[("files", ("bad.pdf", b"%PDF-1.4 nonsense"))])
    live.work()
    cancelled = http.post(f"{shelf}/documents", json=GOOD).headers["location"]
    http.post(f"{cancelled}/cancel").raise_for_status()
    queued = http.post(f"{shelf}/documents", json=GOOD).headers["location"]
    assert http.delete(shelf).status_code == 204
    live.work()
    assert http.get(shelf).status_code == 404
    for job in (bad.headers["location"], cancelled, queued):
        assert http.post(f"{job}/retry").status_code in (404, 409)
    http.post("/v1/collections", json={"name": "shelf"}).raise_for_status()  # the name is free again
    live.work()
    assert documents(http, shelf) == []
