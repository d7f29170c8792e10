"""Every request has an id: a sane one that came in, else a new one; every answer carries it."""

from __future__ import annotations

import re
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import REQUEST_ID_HEADER

_SANE = re.compile(r"[A-Za-z0-9._-]{1,128}")


def choose_id(incoming: str | None) -> str:
    """The incoming id where it is safe to log, else a new one."""
    return incoming if incoming and _SANE.fullmatch(incoming) else uuid.uuid4().hex


class RequestIdMiddleware:
    """Puts the id into the request's state and onto the answer, streams included."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        ident = choose_id(Headers(scope=scope).get(REQUEST_ID_HEADER))
        scope.setdefault("state", {})["request_id"] = ident

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[REQUEST_ID_HEADER] = ident
            await send(message)

        await self.app(scope, receive, send_with_id)
