"""A disk that is full or read-only and a locked database: the job waits, no file fails, nothing is lost."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from ingest.handler import ingest_worker
from ingest.submit import submit_folder
from jobs.progress import Progress, follow
from rag.errors import StoreError
from rag.models.types import Encoder
from rag.settings import Settings
from rag.store import Store
from rag.types import JobCounts

PAGES = 12
Trouble = Callable[[Path], AbstractContextManager[None]]


class Statement:
    """Runs a statement on each connection that is taken from a pool, DBOS's too."""

    def __init__(self) -> None:
        self.text = ""

    def __call__(self, connection: sqlite3.Connection, *_: object) -> None:
        if self.text:
            connection.execute(self.text)


@pytest.fixture
def statement() -> Iterator[Statement]:
    made = Statement()
    sa.event.listen(sa.Pool, "checkout", made)
    yield made
    sa.event.remove(sa.Pool, "checkout", made)


@contextmanager
def locked(file: Path) -> Iterator[None]:
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("PRAGMA busy_timeout = 10000")
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


def pragma(name: str, bad: Callable[[Path], int], good: int) -> Callable[[Statement, Path], Iterator[None]]:
    @contextmanager
    def trouble(statement: Statement, file: Path) -> Iterator[None]:
        statement.text = f"PRAGMA {name} = {bad(file)}"
        yield
        statement.text = f"PRAGMA {name} = {good}"

    return trouble  # type: ignore[return-value]


def page_count(file: Path) -> int:
    with sqlite3.connect(file) as connection:
        [pages] = connection.execute("PRAGMA page_count").fetchone()
    return int(pages)


TROUBLES = {
    "store_full": pragma("max_page_count", page_count, 2**30),
    "store_read_only": pragma("query_only", lambda _: 1, 0),
    "store_locked": lambda statement, file: locked(file),
}


@pytest.mark.parametrize("code", list(TROUBLES))
def test_trouble_in_the_middle_of_a_job_fails_no_file(
    settings: Settings, store: Store, encoder: Encoder, tmp_path: Path, statement: Statement, code: str
) -> None:
    statement.text = "PRAGMA busy_timeout = 50" if code == "store_locked" else ""
    (tmp_path / "pages").mkdir()
    for number in range(PAGES):
        text = f"# Page {number}\n\n" + f"Sentence {number} is about ferries and their timetable. " * 60
        (tmp_path / "pages" / f"{number:02}.md").write_text(text)
    job = submit_folder(store, "c", tmp_path / "pages")
    begun, stop = threading.Event(), threading.Event()

    def heard(_: Progress) -> None:
        begun.set()

    with ingest_worker(settings, store, encoder) as worker:
        thread = threading.Thread(target=worker.run, args=(stop, heard))
        thread.start()
        assert begun.wait(60)
        with TROUBLES[code](statement, Path(store._db.file)):  # type: ignore[attr-defined,operator]
            with pytest.raises(StoreError) as caught:
                _write_until_it_fails(store)
            time.sleep(1.5)
            assert store.jobs.get(job.id).counts.failed == 0
        *_, last = follow(store, job.id)
        stop.set()
        thread.join()
    assert caught.value.code == code
    assert (last.job.status, last.job.counts) == ("succeeded", JobCounts(PAGES, added=PAGES))
    assert store.audit.problems() == []


def _write_until_it_fails(store: Store) -> None:
    for number in range(1000):
        store.collections.create(f"other-{number}", "A description. " * 2000)
