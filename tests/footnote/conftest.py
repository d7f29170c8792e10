"""The running service of the API's tests, which the clients call too."""

from tests.api.conftest import anyio_backend, live

__all__ = ["anyio_backend", "live"]
