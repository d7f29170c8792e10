"""The real application: in process, or by uvicorn on a loopback port with a small collection."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from api.http.app import create_app
from api.http.state import Runtime
from ingest.submit import submit_uploads
from ingest.types import Upload
from jobs.worker import Worker
from rag.settings import Settings

ADMIN = "test-admin-key-0123456789"

PUMP = """# Pump P200

## Operation

The pump is rated for a working pressure of 16 bar. The motor draws 4 kilowatts and weighs 31 kilograms.

## Care

Change the oil every 2,000 hours. The seal must be replaced once a year.
"""
FERRY = """# The ferry

The ferry Ida leaves the harbour at a quarter past seven. A ticket for a bicycle costs three euros.
"""


def configured(data: Path, **changes: object) -> Settings:
    """Settings of a test; FOOTNOTE_TEST_WEIGHTS names weights other than the shipped ones."""
    weights = os.environ.get("FOOTNOTE_TEST_WEIGHTS")
    given = {"api_key": ADMIN, "threads": 1, "weights": Path(weights) if weights else None, **changes}
    return Settings.model_validate({"data": data, **given})


@dataclass(frozen=True)
class Live:
    """A running service, and a worker on its store."""

    url: str
    settings: Settings
    runtime: Runtime
    worker: Worker

    def client(self, key: str | None = ADMIN) -> httpx.Client:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False)

    def work(self) -> None:
        """Carry out what is queued."""
        self.worker.drain()

    def fill(self, collection: str, sources: dict[str, str], **metadata: str | int) -> None:
        """Put Markdown documents into a new collection."""
        self.runtime.store.collections.create(collection)
        uploads = [Upload(s, t.encode(), "text/markdown", metadata=metadata) for s, t in sources.items()]
        submit_uploads(self.runtime.store, collection, uploads)
        self.work()


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """The URL of an application that uvicorn serves from a thread."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the service did not start"
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)


@asynccontextmanager
async def in_process(settings: Settings) -> AsyncIterator[tuple[FastAPI, httpx.AsyncClient]]:
    """An application without a socket, and a client with the admin key."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {ADMIN}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
            yield app, client


def events(response: httpx.Response) -> list[tuple[str, Any]]:
    """The (name, data) pairs of a stream, read strictly by the rules of server-sent events."""
    assert response.headers["content-type"].startswith("text/event-stream")
    found = []
    for block in response.text.split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith(":")]
        if not lines:
            continue
        fields = dict(line.split(": ", 1) for line in lines)
        assert set(fields) <= {"event", "data"}
        data = fields["data"]
        found.append((fields.get("event", "message"), data if data == "[DONE]" else json.loads(data)))
    return found
