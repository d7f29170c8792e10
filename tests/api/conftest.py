"""One running service for all tests of the API."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from api.cli.worker import full_worker
from api.http.app import create_app
from tests.api.service import FERRY, PUMP, Live, configured, listening


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
    with listening(app) as url:
        runtime = app.state.runtime
        worker = full_worker(settings, runtime.store)
        service = Live(url, settings, runtime, worker)
        service.fill("manuals", {"pump.md": PUMP, "ferry.md": FERRY}, year=2024)
        yield service
        worker.close()


@pytest.fixture(scope="session")
def http(live: Live) -> Iterator[httpx.Client]:
    """A client with the admin key."""
    with live.client() as client:
        yield client
