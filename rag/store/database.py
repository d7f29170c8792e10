"""Connections: one engine that threads share, reads that never wait, one writer at a time on SQLite.

What the database cannot do is raised as StoreError with a stable code.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from rag.errors import StoreError
from rag.store.engines import LOCK_TIMEOUT_S, WRITE, make_engine, make_side_engine, parse_url
from rag.store.migrate import migrate

Row = sa.Row[*tuple[Any, ...]]
"""A row of any query: its columns are attributes."""

_SQLITE = {
    sqlite3.SQLITE_BUSY: "store_locked",
    sqlite3.SQLITE_LOCKED: "store_locked",
    sqlite3.SQLITE_FULL: "store_full",
    sqlite3.SQLITE_READONLY: "store_read_only",
    sqlite3.SQLITE_CORRUPT: "store_corrupt",
    sqlite3.SQLITE_NOTADB: "store_corrupt",
    sqlite3.SQLITE_CANTOPEN: "store_unavailable",
    sqlite3.SQLITE_IOERR: "store_unavailable",
    sqlite3.SQLITE_PERM: "store_unavailable",
}
# https://www.postgresql.org/docs/current/errcodes-appendix.html; the longest prefix that fits wins.
_POSTGRES = {
    "55P03": "store_locked",
    "40": "store_locked",
    "53100": "store_full",
    "53": "store_unavailable",
    "25006": "store_read_only",
    "42501": "store_read_only",
    "XX001": "store_corrupt",
    "XX002": "store_corrupt",
    "08": "store_unavailable",
    "28": "store_unavailable",
    "3D": "store_unavailable",
    "57": "store_unavailable",
}
_MESSAGES = {
    "store_locked": "The store is busy: another process held its write lock for too long. Try again.",
    "store_full": "The disk of the store is full; nothing was written.",
    "store_read_only": "The store cannot be written to: it is read-only for this user.",
    "store_corrupt": "The store's file is damaged or is not a Footnote store.",
    "store_unavailable": "The store cannot be reached.",
    "store_failed": "The store refused the operation.",
}


class Database:
    """An open database with the present tables; what it raises in `read` and `write` becomes a StoreError."""

    def __init__(self, engine: sa.Engine) -> None:
        self._sqlite = engine.dialect.name == "sqlite"
        self._engine = engine
        self._reader = engine if self._sqlite else engine.execution_options(isolation_level="AUTOCOMMIT")
        self._writer = engine.execution_options(**{WRITE: True})
        # SQLite's busy handler polls and is unfair; threads of one process queue up here instead.
        self._writing = threading.Lock()

    @classmethod
    def open(cls, url: str) -> Database:
        """Connect, and make or upgrade the tables."""
        engine = make_engine(parse_url(url))
        try:
            with translated():
                migrate(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @property
    def file(self) -> str:
        """The SQLite file; on PostgreSQL the database's name."""
        return self._engine.url.database or ""

    @property
    def schema(self) -> str:
        """The schema that holds the tables: PostgreSQL's current one, `main` on SQLite."""
        if self._sqlite:
            return "main"
        with self.read() as connection:
            return str(connection.scalar(sa.select(sa.func.current_schema())))

    def side_engine(self) -> sa.Engine:
        """See `rag.store.engines.make_side_engine`; the caller disposes of it."""
        return make_side_engine(self._engine.url)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection without a transaction: each statement sees the newest commit."""
        with translated(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction: committed at the end, rolled back on any error. Keep it short and never nest it."""
        with translated(), self._turn(), self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close every connection; SQLite then folds its write-ahead log into the file."""
        self._engine.dispose()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._sqlite:
            yield
            return
        if not self._writing.acquire(timeout=LOCK_TIMEOUT_S):
            raise StoreError("The store is busy with another write. Try again.", code="store_locked")
        try:
            yield
        finally:
            self._writing.release()


class Part:
    """A part of the Store: what its methods share is the database."""

    def __init__(self, database: Database) -> None:
        self._db = database


def insert_once(connection: sa.Connection, table: sa.Table, **values: object) -> bool:
    """Insert a row unless a unique one like it exists; whether it was inserted."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).values(**values).on_conflict_do_nothing().returning(sa.literal(True))
    return connection.execute(statement).one_or_none() is not None


def now() -> datetime:
    """The time of day, in UTC."""
    return datetime.now(UTC)


@contextmanager
def translated() -> Iterator[None]:
    """Raise StoreError for whatever the database raises inside."""
    try:
        yield
    except DBAPIError as error:
        raise _store_error(error) from error
    except PoolTimeout as error:
        raise StoreError(
            "Every connection to the store is in use. Try again.", code="store_locked"
        ) from error


def _store_error(error: DBAPIError) -> StoreError:
    """The StoreError for a driver's error: `store_locked`, `store_full`, `store_read_only`, …"""
    code = _code(error)
    return StoreError(f"{_MESSAGES[code]} ({_first_line(error)})", code=code)


def _code(error: DBAPIError) -> str:
    primary = getattr(error.orig, "sqlite_errorcode", None)
    if primary is not None:
        return _SQLITE.get(primary & 0xFF, "store_failed")
    state = getattr(error.orig, "sqlstate", None)
    if state is None:  # psycopg has none when the connection was never made or was lost
        return (
            "store_unavailable" if error.connection_invalidated or not _is_sqlite(error) else "store_failed"
        )
    return next((_POSTGRES[state[:n]] for n in (5, 2) if state[:n] in _POSTGRES), "store_failed")


def _is_sqlite(error: DBAPIError) -> bool:
    return isinstance(error.orig, sqlite3.Error)


def _first_line(error: DBAPIError) -> str:
    # Only what the driver says: the statement and its parameters hold the user's text.
    return (str(error.orig).splitlines() or [type(error.orig).__name__])[0]
