"""kill -9 at any moment: what was acknowledged is there, what was not is there whole or not at all."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.store import Store
from tests.contract.store_postgres import postgres_schema, postgres_server
from tests.contract.store_writer import first_start, processes, write_without_end

ROUNDS = 6


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'footnote.db'}"
        return
    with postgres_server() as server, postgres_schema(server) as url:
        yield url


def test_a_killed_writer_leaves_a_consistent_store(url: str, tmp_path: Path) -> None:
    rng = random.Random(7)
    with Store.open(url) as store:
        store.collections.create("c")
    expected: dict[str, int] = {}
    for n in range(ROUNDS):
        acknowledged = _write_and_kill(url, tmp_path / f"round{n}", rng.uniform(0.0, 0.3))
        with Store.open(url) as store:
            assert store.audit.problems() == []
            present = {r.document.source: r.characters for r in store.documents.page("c", limit=1000)[0]}
            unacknowledged = _last(present, expected, acknowledged)
            assert len(unacknowledged) <= 1
            expected = present
            sequences = [change.sequence for change in store.changes.after("c", 0, limit=10_000)]
            assert sequences == list(range(1, store.changes.version("c") + 1))
    assert expected


def test_a_process_killed_in_its_first_start_can_be_started_again(tmp_path: Path) -> None:
    for n in range(8):
        url = f"sqlite:///{tmp_path / f'{n}.db'}"
        ready = processes().Barrier(2)
        start = processes().Process(target=first_start, args=(url, "early", ready))
        start.start()
        ready.wait()
        time.sleep(0.008 * n)
        start.kill()
        start.join()
        with Store.open(url) as store:
            store.collections.create("c")
            assert store.audit.problems() == []


def _write_and_kill(url: str, reports: Path, after: float) -> list[str]:
    """Let a writer run for a while after its first commit, kill it, and return what it said it had done."""
    writer = processes().Process(target=write_without_end, args=(url, "c", reports.stem, reports))
    writer.start()
    while not (reports.exists() and reports.read_text()):
        assert writer.is_alive()
        time.sleep(0.001)
    time.sleep(after)
    writer.kill()
    writer.join()
    return [line for line in reports.read_text().splitlines(keepends=True) if line.endswith("\n")]


def _last(present: dict[str, int], before: dict[str, int], acknowledged: list[str]) -> set[str]:
    """The sources that differ from what was acknowledged: at most the one that was being written."""
    said = dict(before)
    for line in acknowledged:
        match line.split():
            case ["put", source, characters]:
                said[source] = int(characters)
            case ["delete", source]:
                said.pop(source)
    return {source for source in said.keys() | present.keys() if said.get(source) != present.get(source)}
