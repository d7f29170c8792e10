"""kill -9 at any moment, then start again: the replicas are what the store says."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rag.index import IndexManager
from rag.settings import Settings
from rag.store import Store
from tests.index.making import live, search_dense, search_lexical, unit

ROOT = Path(__file__).parents[2]


def killed_after(seconds: float, settings: Settings, seed: int) -> None:
    """Run the process of `crashing` for so long after it has begun, then kill it."""
    command = [sys.executable, "-m", "tests.index.crashing", str(settings.data), settings.index, str(seed)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        time.sleep(seconds)
        process.kill()


def assert_equal_to_store(store: Store, settings: Settings) -> None:
    manager = IndexManager(store, settings, background=False)
    manager.catch_up("c")
    vectors = live(store)
    dense = search_dense(manager, "c", unit(1), 10_000)
    expected = {key: float(vector @ unit(1)) for key, vector in vectors.items()}
    assert {one.key: one.score for one in dense} == pytest.approx(expected, abs=1e-5)
    lexical = search_lexical(manager, "c", "plain", 10_000)
    assert sorted(one.key for one in lexical) == sorted(vectors)
    assert {one.chunks for one in manager.status()} == {len(vectors)}
    manager.close()


@pytest.mark.parametrize(("kind", "kills"), [("embedded", 4), ("qdrant", 2)])
def test_a_killed_process_leaves_replicas_that_recover(settings: Settings, kind: str, kills: int) -> None:
    index = "embedded" if kind == "embedded" else f"qdrant+{settings.data / 'qdrant'}"
    settings = settings.model_copy(update={"index": index, "hnsw_threshold": 20})
    settings.data.mkdir()
    moments = random.Random(11)
    with Store.open(settings.store_url) as store:
        store.collections.create("c")
        for seed in range(kills):
            killed_after(moments.uniform(0.1, 0.9), settings, seed)
            assert store.changes.version("c") > 0
            if seed % 2:
                assert_equal_to_store(store, settings)
