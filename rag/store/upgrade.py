"""Alembic, run from inside the package; imported only when tables have to be made, as it takes a while."""

from __future__ import annotations

import threading
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from rag.errors import StoreError

# Alembic's `context` and `op` are module-level proxies: two threads cannot migrate two stores at once.
_ONE_AT_A_TIME = threading.Lock()


def upgrade(connection: sa.Connection) -> None:
    """Run the migrations that are missing, inside the connection's transaction.

    Raises StoreError `store_too_new` for tables that a later Footnote made.
    """
    try:
        with _ONE_AT_A_TIME:
            command.upgrade(config(connection), "head")
    except CommandError as error:
        raise StoreError(
            f"The store was made by a later version of Footnote; upgrade this one. ({error})",
            code="store_too_new",
        ) from error


def config(connection: sa.Connection | None = None) -> Config:
    """Alembic's configuration, without a file: the migrations lie beside this module."""
    made = Config(attributes={"connection": connection})
    made.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return made
