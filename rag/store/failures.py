"""What a database says when it cannot, told as StoreError with a stable code."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from rag.errors import StoreError

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


@contextmanager
def translated() -> Iterator[None]:
    """Raise StoreError for whatever the database raises inside."""
    try:
        yield
    except DBAPIError as error:
        raise store_error(error) from error
    except PoolTimeout as error:
        raise StoreError(
            "Every connection to the store is in use. Try again.", code="store_locked"
        ) from error


def store_error(error: DBAPIError) -> StoreError:
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
