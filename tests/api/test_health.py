"""Health, readiness, metrics, the page, and no way out."""

from __future__ import annotations

import re
import socket
import time

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from rag.settings import Settings
from tests.api.service import ADMIN, Live, in_process


def ready(http: httpx.Client) -> httpx.Response:
    for _ in range(600):
        response = http.get("/ready")
        if response.status_code == 200:
            break
        time.sleep(0.05)
    return response


def test_health_and_readiness(http: httpx.Client) -> None:
    assert http.get("/health").json() == {"status": "ok"}
    body = ready(http).json()
    assert body["status"] == "ready"
    assert set(body["checks"]) >= {"store", "models", "indexes"}
    assert all(check["ok"] and check["detail"] for check in body["checks"].values())


@pytest.mark.anyio
async def test_not_ready_without_models(settings: Settings) -> None:
    """Health answers, readiness says what is missing, and a question is told why."""
    broken = Settings(data=settings.data, api_key=ADMIN, weights=settings.data / "none")
    async with in_process(broken) as (_, client):
        await client.post("/v1/collections", json={"name": "a"})
        search = await client.post("/v1/search", json={"collection": "a", "query": "x"})
        assert search.status_code == 500
        assert search.json()["error"]["code"] == "model_not_found"
        assert (await client.get("/health")).status_code == 200
        response = await client.get("/ready")
        assert response.status_code == 503
        assert response.json()["status"] != "ready"
        checks = response.json()["checks"]
        assert checks["store"]["ok"]
        assert not checks["models"]["ok"]


def samples(http: httpx.Client) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = http.get("/metrics").text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_count_what_happens(live: Live, http: httpx.Client) -> None:
    before = samples(http)
    question = {"collection": "manuals", "question": "What working pressure is the pump rated for?"}
    route = http.post("/v1/query", json=question).json()["route"]
    http.post("/v1/query", json={**question, "stream": True})
    live.runtime.store.collections.create("hollow")
    http.post("/v1/query", json={**question, "collection": "hollow"})
    http.get("/v1/documents/0123456789")
    after = samples(http)

    def grown(name: str, **labels: str) -> float:
        key = (name, tuple(sorted(labels.items())))
        return after.get(key, 0) - before.get(key, 0)

    taken = next(step["step"] for step in reversed(route) if step["taken"])
    assert grown("footnote_http_requests_total", method="POST", route="/v1/query", status="200") == 3
    assert grown("footnote_http_request_seconds_count", route="/v1/query") == 3
    assert grown("footnote_questions_total", route=taken, verdict="quoted") == 2
    assert grown("footnote_questions_total", route="none", verdict="abstained") == 1
    assert sum(value for (name, _), value in after.items() if name == "footnote_abstentions_total") >= 1
    assert grown("footnote_stage_seconds_count", stage="retrieve") >= 2
    names = {name for name, _ in after}
    assert {"footnote_questions_running", "footnote_questions_waiting", "footnote_index_lag"} <= names
    assert "0123456789" not in http.get("/metrics").text


def test_metrics_show_the_queue(live: Live, http: httpx.Client) -> None:
    response = http.post(
        "/v1/collections/manuals/documents", json={"documents": [{"source": "q", "text": "x"}]}
    )
    assert samples(http)["footnote_jobs", (("status", "queued"),)] >= 1
    http.post(response.headers["location"] + "/cancel").raise_for_status()


def test_the_page_needs_nothing_from_elsewhere(live: Live) -> None:
    with live.client(key=None) as http:
        page = http.get("/")
        assert page.status_code == 200
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        linked = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
        assert linked
        for path in linked:
            assert http.get(path).status_code == 200
        assert http.get("/static/../app.py").status_code == 404
        assert http.get("/static/%2e%2e/app.py").status_code == 404
        assert http.get("/docs").status_code == 404


def test_a_question_reaches_no_other_host(http: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even a name is looked up; an attempt counts even where its failure is swallowed."""
    tried: list[object] = []
    connect, lookup = socket.socket.connect, socket.getaddrinfo

    def watched_connect(self: socket.socket, address: object) -> None:
        if not (isinstance(address, tuple) and address[0] == "127.0.0.1"):
            tried.append(address)
        connect(self, address)  # type: ignore[arg-type]

    def watched_lookup(host: object, *rest: object, **more: object) -> object:
        if host not in ("127.0.0.1", "localhost", None):
            tried.append(host)
        return lookup(host, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", watched_connect)
    monkeypatch.setattr(socket, "getaddrinfo", watched_lookup)
    body = {"collection": "manuals", "question": "What does a ticket for a bicycle cost?"}
    assert "three euros" in http.post("/v1/query", json=body).json()["answer"]
    assert http.post("/v1/search", json={"collection": "manuals", "query": "ferry"}).status_code == 200
    assert tried == []
