"""One holder at a time, among all processes that share a store; who dies lets go."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from filelock import Timeout

from rag.files import file_lock
from rag.store.database import Part

_NAME = re.compile(r"[a-z0-9-]{1,64}")


class Locks(Part):
    """Named locks among all processes on the store, for workers that share its jobs."""

    @contextmanager
    def exclusive(self, name: str, *, once: bool = False) -> Iterator[bool]:
        """True while this caller alone holds `name` ([a-z0-9-], up to 64); False, at once, when another does.

        The holder may be a thread or a process, on PostgreSQL on any machine. There is no lease to renew: the
        operating system (flock on a file beside the SQLite file) or PostgreSQL (an advisory lock of the
        session) lets go when the holder dies. A pooler that shares sessions between clients would break that.
        With `once` the name will not be used again, and nothing of it is left behind.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name for a lock")
        with self._on_file(name, once) if self._db.dialect == "sqlite" else self._on_session(name) as mine:
            yield mine

    @contextmanager
    def _on_file(self, name: str, once: bool) -> Iterator[bool]:
        folder = Path(f"{self._db.file}-locks")
        folder.mkdir(exist_ok=True)
        lock = file_lock(folder / name)
        try:
            lock.acquire()
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            if once:
                (folder / name).unlink(missing_ok=True)
            lock.release()

    @contextmanager
    def _on_session(self, name: str) -> Iterator[bool]:
        key = int.from_bytes(hashlib.sha256(f"footnote {name}".encode()).digest()[:8], signed=True)
        with self._db.read() as connection:
            mine = bool(connection.scalar(sa.select(sa.func.pg_try_advisory_lock(key))))
            try:
                yield mine
            finally:
                if mine:
                    connection.execute(sa.select(sa.func.pg_advisory_unlock(key)))
