"""What keeps one caller from taking everything: body sizes, and places that fail fast with 429."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.errors import BodyTooLarge, error_response
from rag.errors import Busy

MAX_K = 100
"""Most hits of one search."""
MAX_PASSAGES = 256
"""Most passages, texts or documents of one call to a model."""
MAX_PASSAGE = 20_000
"""Longest of them, in characters."""
MAX_MESSAGE = 100_000
"""Longest message of a chat, in characters; only the last one of the user is read."""
MAX_FILES = 1_000
"""Most files of one upload."""
JSON_BODY = 8 * 2**20
"""Largest body, in bytes, of calls that carry no documents."""

_UPLOAD = re.compile(r"/v1/collections/[^/]+/documents/?")
_DRAIN_SECONDS = 10.0
_DRAIN_FACTOR = 4


class BodyLimit:
    """Refuses a body over its limit with 413, by its declared length or, without one, while it streams in."""

    def __init__(self, app: ASGIApp, upload_bytes: int) -> None:
        self.app = app
        self._upload = upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self._limit(scope["path"])
        headers = Headers(scope=scope)
        if _declared(headers) > limit:
            await self._refuse(scope, receive, send, limit, wait="expect" not in headers)
        else:
            await self.app(scope, _counted(receive, limit), send)

    def _limit(self, path: str) -> int:
        return self._upload if _UPLOAD.fullmatch(path) else min(JSON_BODY, self._upload)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, limit: int, wait: bool) -> None:
        if wait:
            await _drain(receive, _DRAIN_FACTOR * limit)
        error = BodyTooLarge(limit)
        answer = error_response(
            Request(scope),
            413,
            "too_large",
            error.detail,
            details={"limit_bytes": limit},
            headers={"Connection": "close"},
        )
        await answer(scope, receive, send)


def _declared(headers: Headers) -> int:
    value = headers.get("content-length", "0")
    return int(value) if value.isascii() and value.isdigit() else 0


def _counted(receive: Receive, limit: int) -> Receive:
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > limit:
                await _drain(receive, _DRAIN_FACTOR * limit)
                raise BodyTooLarge(limit)
        return message

    return counted


async def _drain(receive: Receive, most: int) -> None:
    """Swallow what the client is still sending, within bounds.

    A client that writes its whole body before it reads would see a reset connection instead of the 413.
    """
    until = time.monotonic() + _DRAIN_SECONDS
    seen = 0
    while seen < most and time.monotonic() < until:
        message = await receive()
        if message["type"] != "http.request" or not message.get("more_body", False):
            return
        seen += len(message.get("body", b""))


class Gate:
    """So many run, so many wait, further ones are turned away at once. One event loop only."""

    def __init__(self, running: int, waiting: int) -> None:
        self._places = asyncio.Semaphore(running)
        self._most = running + waiting
        self._limit = running
        self._inside = 0

    @property
    def running(self) -> int:
        """Calls that hold a place."""
        return min(self._inside, self._limit)

    @property
    def waiting(self) -> int:
        """Calls that wait for one."""
        return max(0, self._inside - self._limit)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold a place; raises Busy when too many wait already."""
        if self._inside >= self._most:
            raise Busy("Every place is taken and too many questions wait already; try again in a moment.")
        self._inside += 1
        try:
            async with self._places:
                yield
        finally:
            self._inside -= 1
