"""From a store URL to a SQLAlchemy engine set up for SQLite or PostgreSQL."""

from __future__ import annotations

import importlib.util
import json
import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from rag.errors import InvalidInput, StoreError

LOCK_TIMEOUT_S = 30
"""How long a writer waits for another one, here or in another process."""
WRITE = "footnote_write"
"""Execution option of connections that write: SQLite then takes its write lock at once."""

_POSTGRES = {"postgres", "postgresql", "postgresql+psycopg"}
_SQLITE = {"sqlite", "sqlite+pysqlite"}
_SQLITE_SETUP = (
    f"PRAGMA busy_timeout = {LOCK_TIMEOUT_S * 1000}",
    "PRAGMA foreign_keys = ON",
    # An acknowledged commit survives a power cut: a replica's snapshot must never be ahead of the store.
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",  # what is deleted is gone from the file, too
    "PRAGMA cache_size = -16384",
    "PRAGMA journal_size_limit = 67108864",
)


def parse_url(url: str) -> URL:
    """The URL with its driver named; raises InvalidInput `invalid_store_url` for what cannot be a store."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise _invalid("it is not a URL") from None
    if parsed.drivername in _POSTGRES:
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in _SQLITE:
        raise _invalid(f"{parsed.drivername} is neither sqlite nor postgresql")
    if not parsed.database or parsed.database == ":memory:" or parsed.database.startswith("file:"):
        raise _invalid("SQLite needs a file, as in sqlite:///footnote-data/footnote.db")
    return parsed.set(drivername="sqlite+pysqlite")


def make_engine(url: URL) -> sa.Engine:
    """An engine for a URL of `parse_url`; connects to nothing yet."""
    return _sqlite(url) if url.get_backend_name() == "sqlite" else _postgres(url)


def _sqlite(url: URL) -> sa.Engine:
    _make_folder(Path(url.database or ""))
    engine = sa.create_engine(
        url, json_serializer=_compact, json_deserializer=_decode, pool_size=8, max_overflow=-1
    )
    sa.event.listen(engine, "connect", _set_up_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgres(url: URL) -> sa.Engine:
    if importlib.util.find_spec("psycopg") is None:
        raise StoreError(
            "PostgreSQL needs the extra 'postgres': pip install 'footnote-rag[postgres]'",
            code="extra_missing",
        )
    engine = sa.create_engine(
        url,
        json_serializer=_compact,
        json_deserializer=_decode,
        pool_size=8,
        max_overflow=8,
        pool_pre_ping=True,
    )
    sa.event.listen(engine, "connect", _set_up_postgres)
    return engine


def make_side_engine(url: URL) -> sa.Engine:
    """An engine for a library that keeps tables of its own in the store's database.

    On SQLite its commits may be lost in a power cut, the store's own may not: use it for what can be made
    again.
    """
    if url.get_backend_name() != "sqlite":
        return _postgres(url)
    engine = sa.create_engine(url, pool_size=8, max_overflow=-1)
    sa.event.listen(engine, "connect", _set_up_side)
    return engine


def _make_folder(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"The store's folder cannot be made: {error}", code="store_unavailable") from error


def _set_up_sqlite(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    # The driver's own BEGIN comes too late and is never IMMEDIATE: switch it off, see _begin_sqlite.
    connection.isolation_level = None
    for statement in _SQLITE_SETUP:
        connection.execute(statement)


def _set_up_side(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = "IMMEDIATE"  # what writes begins by taking the lock; what reads does not
    for statement in (*_SQLITE_SETUP[:2], "PRAGMA synchronous = NORMAL"):
        connection.execute(statement)


def _begin_sqlite(connection: sa.Connection) -> None:
    # A read is one statement, and a statement is a snapshot by itself. A write takes the lock before it
    # reads: a lock taken later fails at once when another writer has committed (SQLITE_BUSY_SNAPSHOT).
    if connection.get_execution_options().get(WRITE):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _set_up_postgres(connection: Any, _: ConnectionPoolEntry) -> None:  # psycopg is an extra: no type to name
    connection.execute(f"SET lock_timeout TO '{LOCK_TIMEOUT_S}s'")
    connection.commit()


_DECODER = json.JSONDecoder()


def _decode(text: str | bytes) -> object:  # psycopg gives bytes
    # Half the time of json.loads, as _compact leaves no space around the value.
    return _DECODER.raw_decode(text if isinstance(text, str) else text.decode())[0]


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _invalid(reason: str) -> InvalidInput:
    return InvalidInput(f"The store URL is no good: {reason}.", code="invalid_store_url")
