"""Bringing a database up to the present tables, safely when several processes start at once."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from rag.errors import StoreError
from rag.store.engines import LOCK_TIMEOUT_S, WRITE
from rag.store.schema import HEAD, VERSION_TABLE

if TYPE_CHECKING:  # Alembic takes a while to import, and a store that is up to date does without
    from alembic.config import Config

_LOCK = 0x666F6F74  # any number that no one else uses for an advisory lock of this database: "foot"
# Alembic's `context` and `op` are module-level proxies: two threads cannot migrate two stores at once.
_ONE_AT_A_TIME = threading.Lock()


def migrate(engine: sa.Engine) -> None:
    """Make or upgrade the tables in one transaction: a process killed meanwhile leaves the old ones.

    Raises StoreError `store_too_new` for tables that a later Footnote made, `store_encoding` for a PostgreSQL
    database that is not in UTF-8.
    """
    if engine.dialect.name == "sqlite":
        _use_wal(engine)
    with engine.connect() as connection:
        _check_encoding(connection)
        if _revision(connection) == HEAD:
            return
    with engine.execution_options(**{WRITE: True}).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        if _revision(connection) != HEAD:  # another process may just have done it
            _upgrade(connection)


def alembic_config(connection: sa.Connection | None = None) -> Config:
    """Alembic's configuration, without a file: the migrations lie beside this module."""
    from alembic.config import Config

    made = Config(attributes={"connection": connection})
    made.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return made


def _upgrade(connection: sa.Connection) -> None:
    """Run the migrations that are missing, inside the connection's transaction."""
    from alembic import command
    from alembic.util import CommandError

    try:
        with _ONE_AT_A_TIME:
            command.upgrade(alembic_config(connection), "head")
    except CommandError as error:
        raise StoreError(
            f"The store was made by a later version of Footnote; upgrade this one. ({error})",
            code="store_too_new",
        ) from error


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.scalar(sa.select(sa.column("version_num")).select_from(sa.table(VERSION_TABLE)))


def _check_encoding(connection: sa.Connection) -> None:
    if connection.dialect.name != "postgresql":
        return
    encoding = connection.scalar(sa.text("SHOW server_encoding"))
    if encoding != "UTF8":
        raise StoreError(
            f"The PostgreSQL database is in {encoding}; Footnote needs UTF8.", code="store_encoding"
        )


def _use_wal(engine: sa.Engine) -> None:
    """Switch the file to write-ahead logging, which it keeps.

    SQLite does not always wait for its lock while switching (https://sqlite.org/wal.html), so that two first
    starts at once need this loop.
    """
    deadline = time.monotonic() + LOCK_TIMEOUT_S
    while True:
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            return
        except OperationalError as error:
            if "locked" not in str(error.orig) or time.monotonic() > deadline:
                raise
        time.sleep(0.02)
