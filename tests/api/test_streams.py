"""Streams end with their client, and free what they held."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing

import httpx
import pytest
from fastapi import FastAPI

from api.http import sse
from api.http.limits import Gate
from tests.api.service import listening


class Source:
    """A blocking iterator that knows whether it was closed."""

    def __init__(self, items: int, pause: float = 0.0) -> None:
        self.made = 0
        self.closed = threading.Event()
        self._items, self._pause = items, pause

    def run(self) -> Iterator[int]:
        try:
            while self.made < self._items:
                time.sleep(self._pause)
                self.made += 1
                yield self.made
        finally:
            self.closed.set()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as made:
        yield made


@pytest.mark.anyio
async def test_items_come_in_order_and_the_iterator_is_closed(pool: ThreadPoolExecutor) -> None:
    source = Source(5)
    assert [item async for item in sse.pull(source.run(), pool)] == [1, 2, 3, 4, 5]
    assert source.closed.is_set()


@pytest.mark.anyio
async def test_a_slow_item_is_bridged_by_pings(pool: ThreadPoolExecutor) -> None:
    items = [item async for item in sse.pull(Source(1, pause=0.2).run(), pool, 0.02)]
    assert items[-1] == 1
    assert items[:-1]
    assert set(items[:-1]) == {None}


@pytest.mark.anyio
async def test_nothing_is_made_ahead(pool: ThreadPoolExecutor) -> None:
    source = Source(100)
    async with aclosing(sse.pull(source.run(), pool)) as items:
        await anext(items)
        await asyncio.sleep(0.05)
        assert source.made == 1
    assert source.closed.is_set()


@pytest.mark.anyio
async def test_what_the_iterator_raises_arrives(pool: ThreadPoolExecutor) -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        [item async for item in sse.pull(broken(), pool)]


def test_a_client_that_leaves_stops_the_work(pool: ThreadPoolExecutor) -> None:
    source, gate, app = Source(10_000, pause=0.01), Gate(1, 0), FastAPI()

    async def frames() -> AsyncGenerator[bytes, None]:
        async with gate.place(), aclosing(sse.pull(source.run(), pool)) as items:
            async for item in items:
                yield sse.untyped(str(item))

    @app.get("/numbers")
    async def numbers() -> sse.EventStream:
        return sse.EventStream(await sse.Primed.start(frames()))

    with listening(app) as url:
        with httpx.stream("GET", f"{url}/numbers", trust_env=False) as response:
            assert next(response.iter_lines()) == "data: 1"
        assert source.closed.wait(10)
        made = source.made
        time.sleep(0.1)
        assert source.made == made < 10_000
        assert gate.running == 0


@pytest.mark.anyio
async def test_a_stream_that_never_starts_gives_its_place_back(pool: ThreadPoolExecutor) -> None:
    """The client left between the first frame and the first byte."""
    source, gate = Source(10), Gate(1, 0)

    async def frames() -> AsyncGenerator[bytes, None]:
        async with gate.place(), aclosing(sse.pull(source.run(), pool)) as items:
            async for item in items:
                yield sse.untyped(str(item))

    response = sse.EventStream(await sse.Primed.start(frames()))
    assert gate.running == 1

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        await asyncio.sleep(1)

    await response({"type": "http", "asgi": {"spec_version": "2.3"}}, receive, send)
    assert gate.running == 0
    assert source.closed.is_set()
