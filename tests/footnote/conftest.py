"""The running service of the API's tests, which the clients call too, and a service in this process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rag.service import Service, open_service
from tests.answer.corpus import fill
from tests.api.conftest import anyio_backend, live
from tests.api.service import configured

__all__ = ["anyio_backend", "filled", "live", "service"]


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory, _clean_surroundings: None) -> Iterator[Service]:
    """A service on an empty store."""
    with open_service(configured(tmp_path_factory.mktemp("service"))) as opened:
        yield opened


@pytest.fixture(scope="session")
def filled(service: Service) -> Service:
    """The same with the collection `handbook` of the tests of answers."""
    fill(service)
    return service
