"""Server-sent events from blocking generators: pulled one by one, kept alive, stopped with the client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from concurrent.futures import Executor
from typing import TypeVar

import anyio
from fastapi.responses import StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

T = TypeVar("T")

PING_SECONDS = 15.0
PING = KEEPALIVE_COMMENT
"""A comment that keeps proxies from closing a quiet stream."""


def event(name: str, data: BaseModel) -> bytes:
    """One typed event with JSON data."""
    return format_sse_event(data_str=data.model_dump_json(), event=name)


def untyped(data: BaseModel | str) -> bytes:
    """One event without a type, as OpenAI's API sends them."""
    return format_sse_event(data_str=data if isinstance(data, str) else data.model_dump_json())


class EventStream(StreamingResponse):
    """A stream of events; closes its generator however the answer ends, even before the first byte."""

    media_type = "text/event-stream"

    def __init__(self, frames: AsyncGenerator[bytes, None] | Primed) -> None:
        super().__init__(frames, headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
        self._frames = frames

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await self._frames.aclose()


class Primed:
    """A generator that has made its first frame: what goes wrong before is still an ordinary error."""

    def __init__(self, first: bytes | None, rest: AsyncGenerator[bytes, None]) -> None:
        self._first = first
        self._rest = rest

    @classmethod
    async def start(cls, frames: AsyncGenerator[bytes, None]) -> Primed:
        """Make the first frame. Raises what the generator raises."""
        return cls(await anext(frames, None), frames)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        first, self._first = self._first, None
        return first if first is not None else await anext(self._rest)

    async def aclose(self) -> None:
        """Stop the generator."""
        await self._rest.aclose()


async def pull(
    items: Iterator[T], executor: Executor, ping_s: float = PING_SECONDS
) -> AsyncGenerator[T | None, None]:
    """The items of a blocking iterator, each made in the executor; None when one takes longer than `ping_s`.

    Items are pulled, so a slow client slows the work. When the consumer stops early, the item in the making
    is waited for and the iterator closed, so that its place is free only when its work has really ended.
    """
    loop = asyncio.get_running_loop()
    pending: asyncio.Future[T | _End] | None = None
    try:
        while True:
            pending = loop.run_in_executor(executor, _next, items)
            while not (await asyncio.wait({pending}, timeout=ping_s))[0]:
                yield None
            item = pending.result()
            if isinstance(item, _End):
                return
            yield item
    finally:
        with anyio.CancelScope(shield=True):
            await _settle(pending)
            await loop.run_in_executor(executor, _close, items)


async def _settle(pending: asyncio.Future[T] | None) -> None:
    if pending is None:
        return
    await asyncio.wait({pending})
    if not pending.cancelled():
        pending.exception()  # marks it as seen where nobody is left to read it


class _End:
    """Marks the end of an iterator; StopIteration cannot pass through a future."""


def _next(items: Iterator[T]) -> T | _End:
    return next(items, _End())


def _close(items: Iterator[T]) -> None:
    close = getattr(items, "close", None)
    if close is not None:
        close()
