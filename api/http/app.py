"""The application: middleware, routes, and what lives as long as it does."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http import errors, page
from api.http.auth import AuthMiddleware, KeyRing, admin_key
from api.http.errors import REQUEST_ID_HEADER
from api.http.limits import BodyLimit
from api.http.metrics import Metrics, MetricsMiddleware
from api.http.openapi import DocumentedAPI
from api.http.routes import (
    adapt,
    chat,
    collections,
    curation,
    documents,
    embeddings,
    evaluations,
    explain,
    health,
    jobs,
    models,
    online,
    query,
    reading,
    reembed,
    rerank,
    search,
    sync,
)
from api.http.state import Runtime, install_gauges
from eval.online.scoring import check_judges
from rag.settings import Settings
from rag.store import Store

log = logging.getLogger("footnote.api")

DESCRIPTION = """Answers from your own documents, with a checked footnote behind every sentence.

Times are milliseconds, scores are floats where higher is better, offsets count Unicode code points in a
document's extracted text, timestamps are RFC 3339 in UTC. Every answer carries `X-Request-Id`."""

_ROUTES = (
    collections,
    documents,
    curation,
    sync,
    jobs,
    search,
    explain,
    query,
    reading,
    rerank,
    chat,
    embeddings,
    models,
    evaluations,
    online,
    adapt,
    reembed,
    health,
)  # in the order of the documentation
_WEB = Path(__file__).parents[1] / "web"


def create_app(settings: Settings) -> FastAPI:
    """The HTTP API on this store. Its lifespan opens the store and loads the models in the background.

    Raises InvalidInput `unknown_metric` when the settings name a judge that does not exist.
    """
    check_judges(settings)
    metrics = Metrics()
    app = DocumentedAPI(
        title="Footnote",
        version=version("footnote-rag"),
        description=DESCRIPTION,
        lifespan=_lifespan(settings, metrics),
        # the viewers load their scripts from another host, and nothing here may
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    errors.install(app)
    # the last one added is the outermost
    app.add_middleware(BodyLimit, upload_bytes=settings.max_upload_mb * 2**20)
    app.add_middleware(AuthMiddleware)
    app.add_middleware(MetricsMiddleware, metrics=metrics)
    app.add_middleware(RequestIdMiddleware)
    for module in _ROUTES:
        app.include_router(module.router)
    page.install(app, _WEB)
    return app


def _lifespan(settings: Settings, metrics: Metrics) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        runtime = await run_in_threadpool(_start, settings, metrics)
        app.state.runtime = runtime
        try:
            yield
        finally:
            await run_in_threadpool(runtime.close)

    return lifespan


def _start(settings: Settings, metrics: Metrics) -> Runtime:
    key, created = admin_key(settings)
    if created:
        print(
            f"A first key was written to {settings.data / 'api_key'}. It is shown only now: {key}", flush=True
        )
    store = Store.open(settings.store_url)
    runtime = Runtime(settings, store, KeyRing(key, store), metrics)
    install_gauges(runtime)
    return runtime


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
