"""A worker killed at random points, started again each time: the store ends as if nothing had happened."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ingest.handler import ingest_worker
from ingest.submit import submit_folder
from rag.models.types import Encoder
from rag.settings import Settings
from rag.store import Store
from tests.ingest.making import HANDBOOK, settings_in

ROUNDS = 5
PAGES = 40


def start(settings: Settings) -> subprocess.Popen[bytes]:
    """A worker process that drains the store and says so when it has begun."""
    code = (
        "import sys; from pathlib import Path; from tests.ingest.making import settings_in;"
        "from ingest.handler import ingest_worker; from rag.store import Store;"
        "settings = settings_in(Path(sys.argv[1]));"
        "worker = ingest_worker(settings, Store.open(settings.store_url));"
        "print('ready', flush=True); worker.drain(); worker.close()"
    )
    command = [sys.executable, "-c", code, str(settings.data)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])


def content(store: Store, collection: str) -> dict[str, tuple[str, list[tuple[int, int, str]], np.ndarray]]:
    """Each source's text, chunks and vectors."""
    found = {}
    for record in store.documents.page(collection, limit=1000)[0]:
        document = record.document
        info = store.collections.bound(collection)
        assert info is not None
        embedded = store.changes.embedded([document.id], info[0], info[1])
        vectors = np.stack([each.dense for each in sorted(embedded, key=lambda e: e.chunk.ordinal)])
        chunks = [(chunk.start, chunk.end, chunk.text) for chunk in store.chunks.of(document.id)]
        found[document.source] = (store.documents.text(document.id), chunks, vectors)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "pages"
    folder.mkdir()
    for path in HANDBOOK.glob("*.md"):
        (folder / path.name).write_bytes(path.read_bytes())
    for number in range(PAGES):
        text = f"# Page {number}\n\n" + f"This is sentence {number} of a page about ferries. " * 20
        (folder / f"page-{number:02}.md").write_text(text)
    return folder


def test_kill_at_any_point_loses_nothing_and_doubles_nothing(
    store: Store, settings: Settings, encoder: Encoder, folder: Path, tmp_path: Path
) -> None:
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    job = submit_folder(store, "c", folder)
    kills = 0
    while store.jobs.get(job.id).status in ("queued", "running"):
        process = start(settings)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(chance.uniform(0.0, 1.2))
        if kills < ROUNDS:
            process.kill()
            kills += 1
        process.wait(timeout=120)
        process.stdout.close()
    counts = store.jobs.get(job.id).counts
    assert (counts.failed, counts.total) == (0, PAGES + 3), f"seed {seed}"
    assert store.collections.get("c").documents == PAGES + 3, f"seed {seed}"

    with Store.open(settings_in(tmp_path / "whole").store_url) as whole:
        whole.collections.create("c")
        submit_folder(whole, "c", folder)
        with ingest_worker(settings, whole, encoder) as worker:
            worker.drain()
        left, right = content(store, "c"), content(whole, "c")
    assert left.keys() == right.keys()
    for source, (text, chunks, vectors) in right.items():
        assert left[source][:2] == (text, chunks), f"{source}, seed {seed}"
        np.testing.assert_allclose(left[source][2], vectors, atol=2e-3, err_msg=f"{source}, seed {seed}")
    assert store.collections.get("c").chunks == sum(len(chunks) for _, chunks, _ in right.values())
    assert len(store.changes.after("c", 0)) == PAGES + 3, f"seed {seed}: a document was written twice"
