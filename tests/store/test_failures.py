"""Errors of a real database come out as StoreError with a stable code, and leave the store as it was."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from rag.errors import StoreError
from rag.store import Store
from tests.contract.store_making import make_document


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "footnote.db"
    with Store.open(f"sqlite:///{file}") as store:
        store.collections.create("c")
        store.documents.put(make_document("c", "a.txt"))
    return file


@contextmanager
def every_connection(statement: str) -> Iterator[None]:
    """Run a statement on each connection before it is used."""

    def run(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(statement)

    sa.event.listen(sa.Pool, "checkout", run)
    try:
        yield
    finally:
        sa.event.remove(sa.Pool, "checkout", run)


def test_a_full_disk(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        [pages] = connection.execute("PRAGMA page_count").fetchone()
    with every_connection(f"PRAGMA max_page_count = {pages + 4}"), Store.open(f"sqlite:///{file}") as store:
        before = store.documents.page("c"), store.changes.after("c", 0)
        with pytest.raises(StoreError) as error:
            store.documents.put(make_document("c", "b.txt", "x" * 100_000))
        assert error.value.code == "store_full"
        assert (store.documents.page("c"), store.changes.after("c", 0)) == before
        assert store.audit.problems() == []
        store.documents.delete(before[0][0][0].document.id)  # what makes room still works


def test_a_lock_held_for_too_long(file: Path) -> None:
    with every_connection("PRAGMA busy_timeout = 50"), Store.open(f"sqlite:///{file}") as store:
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError) as error:
            store.documents.put(make_document("c", "b.txt"))
        assert error.value.code == "store_locked"
        assert len(store.documents.page("c")[0]) == 1  # reading needs no lock
        other.execute("ROLLBACK")
        other.close()
        assert store.documents.put(make_document("c", "b.txt")) == "added"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to anything")
def test_a_file_that_may_not_be_written(file: Path) -> None:
    file.chmod(0o400)
    with pytest.raises(StoreError) as error:
        Store.open(f"sqlite:///{file}").collections.create("d")
    assert error.value.code == "store_read_only"


def test_a_connection_that_may_not_write(file: Path) -> None:
    with every_connection("PRAGMA query_only = ON"), Store.open(f"sqlite:///{file}") as store:
        assert len(store.documents.page("c")[0]) == 1
        with pytest.raises(StoreError) as error:
            store.collections.create("d")
        assert error.value.code == "store_read_only"


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    file = tmp_path / "footnote.db"
    file.write_bytes(b"This is a text of some length, not a database at all. " * 100)
    with pytest.raises(StoreError) as error:
        Store.open(f"sqlite:///{file}")
    assert error.value.code == "store_corrupt"


def test_a_damaged_file(file: Path) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(StoreError) as error:
        Store.open(f"sqlite:///{file}").documents.page("c")
    assert error.value.code == "store_corrupt"


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as error:
        Store.open(f"sqlite:///{tmp_path}")
    assert error.value.code == "store_unavailable"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError) as error:
        Store.open(f"sqlite:///{tmp_path / 'file' / 'footnote.db'}")
    assert error.value.code == "store_unavailable"


def test_the_message_holds_no_text_of_the_user(file: Path) -> None:
    with every_connection("PRAGMA query_only = ON"), Store.open(f"sqlite:///{file}") as store:
        with pytest.raises(StoreError) as error:
            store.collections.create("d", "a private description")
        assert "private" not in error.value.message
        assert "read-only" in error.value.message
