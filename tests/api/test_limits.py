"""Sizes, lengths and places."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import httpx
import pytest

from api.http.limits import MAX_K, Gate
from rag.errors import Busy
from rag.settings import LONGEST_QUESTION, Settings
from tests.api.service import ADMIN, Live, in_process

MIB = 2**20


def too_large(response: httpx.Response) -> None:
    assert response.status_code == 413
    assert response.json()["error"]["code"] == "too_large"
    assert response.json()["error"]["details"] == {"limit_bytes": MIB}
    assert response.json()["error"]["request_id"] == response.headers["x-request-id"]


def test_an_upload_over_the_limit(http: httpx.Client) -> None:
    too_large(http.post("/v1/collections/manuals/documents", files={"files": ("big.txt", b"x" * 3 * MIB)}))


def test_an_upload_without_a_length(http: httpx.Client) -> None:
    def chunks() -> Iterator[bytes]:
        yield b'--cut\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
        for _ in range(30):
            yield b"x" * 100_000

    headers = {"Content-Type": "multipart/form-data; boundary=cut"}
    too_large(http.post("/v1/collections/manuals/documents", content=chunks(), headers=headers))


def test_json_over_the_limit(http: httpx.Client) -> None:
    too_large(http.post("/v1/search", json={"collection": "manuals", "query": "x" * 2 * MIB}))


def test_a_length_that_lies(live: Live) -> None:
    """The declared length is small; what comes beyond it is not taken for part of the request."""
    host, port = live.url.removeprefix("http://").split(":")
    head = (
        f"POST /v1/search HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ADMIN}\r\n"
        "Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(head.encode() + b"{}" + b"x" * 1000)
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 422")


def test_questions_and_counts_have_bounds(http: httpx.Client) -> None:
    for body in (
        {"query": ""},
        {"query": "   "},
        {"query": "x" * (LONGEST_QUESTION + 1)},
        {"query": "x", "k": 0},
        {"query": "x", "k": MAX_K + 1},
    ):
        response = http.post("/v1/search", json={"collection": "manuals", **body})
        assert response.status_code == 422
        assert response.json()["error"]["details"]["fields"]
    question = {"collection": "manuals", "question": "x" * (LONGEST_QUESTION + 1)}
    assert http.post("/v1/query", json=question).status_code == 422
    assert http.post("/v1/read", json={"question": "x", "passages": []}).status_code == 422


@pytest.mark.anyio
async def test_a_full_gate_turns_away_at_once() -> None:
    gate = Gate(running=2, waiting=1)
    release = asyncio.Event()

    async def hold() -> None:
        async with gate.place():
            await release.wait()

    held = [asyncio.create_task(hold()) for _ in range(3)]
    await asyncio.sleep(0)
    assert (gate.running, gate.waiting) == (2, 1)
    with pytest.raises(Busy):
        async with gate.place():
            pass
    held[2].cancel()  # one that waits gives its place up
    await asyncio.sleep(0)
    assert (gate.running, gate.waiting) == (2, 0)
    release.set()
    await asyncio.gather(*held[:2])
    assert (gate.running, gate.waiting) == (0, 0)


@pytest.mark.anyio
async def test_busy_is_429_with_retry_after(settings: Settings) -> None:
    busy = Settings(data=settings.data, api_key=ADMIN, max_concurrent=1, max_waiting=0)
    async with in_process(busy) as (app, client):
        await client.post("/v1/collections", json={"name": "a"})
        async with app.state.runtime.gate.place():
            for path, body in (
                ("/v1/search", {"collection": "a", "query": "x"}),
                ("/v1/query", {"collection": "a", "question": "x"}),
                ("/v1/query", {"collection": "a", "question": "x", "stream": True}),
                ("/v1/chat/completions", {"model": "a", "messages": [{"role": "user", "content": "x"}]}),
                ("/v1/check", {"answer": "x", "context": ["y"]}),
            ):
                response = await client.post(path, json=body)
                assert response.status_code == 429, path
                assert int(response.headers["retry-after"]) >= 1
                assert response.json()["error"]["code"] == "busy"
            assert (await client.get("/health")).status_code == 200
            assert (await client.get("/v1/collections")).status_code == 200
