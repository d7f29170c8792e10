"""The error envelope and the request id."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from rag.settings import Settings
from tests.api.service import ADMIN, in_process

pytestmark = pytest.mark.anyio


@pytest.fixture
async def served(settings: Settings) -> AsyncIterator[tuple[FastAPI, httpx.AsyncClient]]:
    async with in_process(settings.model_copy(update={"api_key": _secret()})) as pair:
        yield pair


@pytest.fixture
def client(served: tuple[FastAPI, httpx.AsyncClient]) -> httpx.AsyncClient:
    return served[1]


def _secret() -> object:
    return Settings(api_key=ADMIN).api_key


def check_envelope(response: httpx.Response, status: int, code: str) -> dict[str, object]:
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "request_id", "details"}
    assert body["error"]["code"] == code
    assert body["error"]["message"]
    assert body["error"]["request_id"] == response.headers["x-request-id"]
    return dict(body["error"]["details"])


async def test_unknown_routes_and_methods(client: httpx.AsyncClient) -> None:
    check_envelope(await client.get("/nothing"), 404, "not_found")
    check_envelope(await client.get("/v1/nothing"), 404, "not_found")
    response = await client.put("/v1/search")
    check_envelope(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "POST"


async def test_validation_names_the_fields(client: httpx.AsyncClient) -> None:
    body = {"collection": "a", "k": 0, "mode": "psychic", "surprise": 1}
    details = check_envelope(await client.post("/v1/search", json=body), 422, "invalid_request")
    fields = details["fields"]
    assert isinstance(fields, list)
    assert {field["field"] for field in fields} == {"query", "k", "mode", "surprise"}
    details = check_envelope(await client.get("/v1/jobs?limit=many"), 422, "invalid_request")
    assert details["fields"][0]["field"] == "limit"  # type: ignore[index]


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b""])
async def test_a_body_that_is_no_object(client: httpx.AsyncClient, body: bytes) -> None:
    for path in ("/v1/search", "/v1/collections"):
        response = await client.post(path, content=body, headers={"Content-Type": "application/json"})
        assert response.status_code in (400, 422)
        check_envelope(response, response.status_code, "invalid_request")


async def test_errors_of_the_store(client: httpx.AsyncClient) -> None:
    check_envelope(await client.get("/v1/collections/none"), 404, "collection_not_found")
    check_envelope(await client.delete("/v1/collections/none"), 404, "collection_not_found")
    check_envelope(await client.get("/v1/documents/none"), 404, "document_not_found")
    check_envelope(await client.get("/v1/jobs/none"), 404, "job_not_found")
    response = await client.post("/v1/collections", json={"name": "../etc"})
    check_envelope(response, 422, "invalid_collection_name")
    assert (await client.post("/v1/collections", json={"name": "one"})).status_code == 201
    check_envelope(await client.post("/v1/collections", json={"name": "one"}), 409, "collection_exists")


async def test_the_unexpected_tells_nothing(
    served: tuple[FastAPI, httpx.AsyncClient], caplog: pytest.LogCaptureFixture
) -> None:
    app, client = served

    async def boom() -> None:
        raise RuntimeError("the password is swordfish")

    app.add_api_route("/boom", boom)
    response = await client.get("/boom", headers={"X-Request-Id": "find-me-in-the-log"})
    check_envelope(response, 500, "internal_error")
    assert "swordfish" not in response.text
    assert "find-me-in-the-log" in caplog.text
    assert "swordfish" in caplog.text


async def test_openai_paths_answer_in_openais_shape(client: httpx.AsyncClient) -> None:
    for response in (
        await client.post("/v1/chat/completions", json={"model": "a"}),
        await client.post("/v1/embeddings", json={"model": "a", "input": []}),
    ):
        assert response.status_code == 400
        error = response.json()["error"]
        assert error["type"] == "invalid_request_error"
        assert error["code"] == "invalid_request"
        assert error["param"] in ("messages", "input") or error["param"].startswith("input")
        assert error["request_id"] == response.headers["x-request-id"]
    response = await client.get("/v1/models", headers={"Authorization": "Bearer wrong"})
    assert response.status_code == 401
    assert response.json()["error"]["type"] == "authentication_error"


async def test_the_request_id_is_kept_when_it_is_sane(client: httpx.AsyncClient) -> None:
    kept = await client.get("/health", headers={"X-Request-Id": "trace-7.A_b"})
    assert kept.headers["x-request-id"] == "trace-7.A_b"
    for evil in ("a b", "x" * 200, "<script>", 'a"b', ""):
        response = await client.get("/v1/collections", headers={"X-Request-Id": evil})
        assert re.fullmatch(r"[0-9a-f]{32}", response.headers["x-request-id"])
