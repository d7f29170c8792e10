"""Locks of `Store.exclusive` on both databases: one holder, and none once it is dead."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.store import Store
from tests.contract.store_postgres import postgres_schema, postgres_server

HOLD = (
    "import sys, time; from rag.store import Store\n"
    "with Store.open(sys.argv[1]).locks.exclusive('lane-1') as mine:\n"
    "    print(mine, flush=True); time.sleep(60)"
)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'footnote.db'}"
        return
    with postgres_server() as server, postgres_schema(server) as schema:
        yield schema


def test_one_holds_a_name_and_the_next_has_it_afterwards(url: str) -> None:
    with Store.open(url) as here, Store.open(url) as there:
        with here.locks.exclusive("lane-1") as first, there.locks.exclusive("lane-1") as second:
            assert (first, second) == (True, False)
            with here.locks.exclusive("lane-1") as again, there.locks.exclusive("lane-2") as other:
                assert (again, other) == (False, True)
        with there.locks.exclusive("lane-1") as second:
            assert second


def test_a_holder_that_is_killed_lets_go(url: str) -> None:
    with Store.open(url) as store:
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLD, url], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
        )
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"True\n"
        with store.locks.exclusive("lane-1") as mine:
            assert not mine
        holder.kill()
        holder.wait()
        holder.stdout.close()
        assert _free_within(store, 5.0)


def _free_within(store: Store, seconds: float) -> bool:
    """flock goes with the process; PostgreSQL needs a moment to see that a connection has gone."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with store.locks.exclusive("lane-1") as mine:
            if mine:
                return True
        time.sleep(0.05)
    return False
