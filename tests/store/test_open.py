"""Opening a store: URLs, migrations, several first starts at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from rag.errors import InvalidInput, RagError, StoreError
from rag.store import Store
from rag.store.migrate import alembic_config
from rag.store.schema import HEAD, VERSION_TABLE, metadata
from tests.contract.store_postgres import postgres_schema, postgres_server
from tests.contract.store_writer import first_start, processes


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "er" / "footnote.db"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.mark.parametrize(
    "url",
    ["", "nonsense", "sqlite://", "sqlite:///:memory:", "sqlite:///file:x?uri=true", "mysql://host/db",
     "postgresql+psycopg2://host/db", "sqlite+aiosqlite:///x.db"],
)  # fmt: skip
def test_a_url_that_cannot_be_a_store_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput) as error:
        Store.open(url)
    assert error.value.code == "invalid_store_url"


def test_the_folder_is_made(file: Path) -> None:
    with Store.open(f"sqlite:///{file}") as store:
        assert store.collections.all() == []
        assert store.dialect == "sqlite"
    assert file.exists()


def test_a_server_that_is_not_there_is_unavailable() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(StoreError) as error:
        Store.open("postgresql://user:secret@127.0.0.1:1/db?connect_timeout=2")
    assert error.value.code == "store_unavailable"
    assert "secret" not in error.value.message


def test_the_migrations_make_the_tables_of_the_schema(file: Path) -> None:
    Store.open(f"sqlite:///{file}").close()
    assert _differences(f"sqlite:///{file}") == []
    assert ScriptDirectory.from_config(alembic_config()).get_current_head() == HEAD


def test_the_migrations_make_the_tables_of_the_schema_on_postgres(server: str) -> None:
    with postgres_schema(server) as url:
        Store.open(url).close()
        assert _differences(url.replace("postgresql:", "postgresql+psycopg:")) == []


def test_a_store_of_a_later_version_is_refused(file: Path) -> None:
    Store.open(f"sqlite:///{file}").close()
    engine = sa.create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(StoreError) as error:
        Store.open(f"sqlite:///{file}")
    assert error.value.code == "store_too_new"


def test_another_program_s_tables_are_left_alone(file: Path) -> None:
    """Half the tables must not stay behind when one of them cannot be made."""
    file.parent.mkdir(parents=True)
    engine = sa.create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE jobs (mine INTEGER)"))
    with pytest.raises(RagError):
        Store.open(f"sqlite:///{file}")
    assert sa.inspect(engine).get_table_names() == ["jobs"]


def test_threads_open_stores_at_once(tmp_path: Path) -> None:
    def open_one(n: int) -> int:
        with Store.open(f"sqlite:///{tmp_path / str(n % 8)}.db") as store:
            return len(store.collections.all())

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(open_one, range(16))) == [0] * 16


def test_first_starts_at_once_do_not_collide(file: Path) -> None:
    file.parent.mkdir(parents=True)
    _start_at_once(f"sqlite:///{file}")


def test_first_starts_at_once_do_not_collide_on_postgres(server: str) -> None:
    with postgres_schema(server) as url:
        _start_at_once(url)


def _start_at_once(url: str) -> None:
    ready = processes().Barrier(4)
    starts = [processes().Process(target=first_start, args=(url, f"c{n}", ready)) for n in range(4)]
    for start in starts:
        start.start()
    for start in starts:
        start.join()
    assert [start.exitcode for start in starts] == [0] * 4
    with Store.open(url) as store:
        assert [each.name for each in store.collections.all()] == ["c0", "c1", "c2", "c3"]


def _differences(url: str) -> list[object]:
    with sa.create_engine(url).connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": VERSION_TABLE, "compare_type": True}
        )
        return list(compare_metadata(context, metadata))
