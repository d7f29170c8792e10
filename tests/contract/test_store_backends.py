"""The store's contract on each of its databases."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.store import Store
from tests.contract.curation_contract import CurationContract
from tests.contract.samples_contract import SamplesContract
from tests.contract.store_contract import StoreContract
from tests.contract.store_postgres import empty, postgres_schema, postgres_server
from tests.contract.store_sync import SyncContract


class _Sqlite:
    @pytest.fixture
    def url(self, empty_file: Path, tmp_path: Path) -> str:
        return f"sqlite:///{shutil.copy(empty_file, tmp_path)}"


class _Postgres:
    @pytest.fixture
    def url(self, schema: str) -> Iterator[str]:
        yield schema
        empty(schema)


class TestSqlite(_Sqlite, SyncContract, StoreContract):
    pass


class TestSqliteCuration(_Sqlite, CurationContract):
    pass


class TestSqliteSamples(_Sqlite, SamplesContract):
    pass


class TestPostgres(_Postgres, SyncContract, StoreContract):
    pass


class TestPostgresCuration(_Postgres, CurationContract):
    pass


class TestPostgresSamples(_Postgres, SamplesContract):
    pass


@pytest.fixture(scope="module")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with its tables made; copying it is much faster than making them again."""
    file = tmp_path_factory.mktemp("store") / "footnote.db"
    Store.open(f"sqlite:///{file}").close()
    return file


@pytest.fixture(scope="module")
def schema() -> Iterator[str]:
    with postgres_server() as server, postgres_schema(server) as url:
        yield url
