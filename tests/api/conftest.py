"""One running service for all tests of the API."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import httpx
import pytest
import uvicorn

from api.app import create_app
from ingest.worker import Worker
from tests.api.service import FERRY, PUMP, Live, configured


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def live(
    tmp_path_factory: pytest.TempPathFactory, _no_network: None, _clean_surroundings: None
) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("api")
    (folder / "shared").mkdir()
    settings = configured(folder / "data", sync_roots=[folder / "shared"], max_upload_mb=1)
    app = create_app(settings)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the service did not start"
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    runtime = app.state.runtime
    worker = Worker(settings, store=runtime.store, encoder=runtime.engine().encoder)
    service = Live(f"http://127.0.0.1:{port}", settings, runtime, worker)
    service.fill("manuals", {"pump.md": PUMP, "ferry.md": FERRY}, year=2024)
    yield service
    worker.close()
    server.should_exit = True
    thread.join(20)


@pytest.fixture(scope="session")
def http(live: Live) -> Iterator[httpx.Client]:
    """A client with the admin key."""
    with live.client() as client:
        yield client
