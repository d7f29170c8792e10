"""Kills a service again and again while it ingests: `python -m lab.bench.faults --files 1000 --rounds 20`.

A folder is synced over HTTP by a real `footnote serve` and its worker. Each round kills one of them, or
both, with SIGKILL at a random moment; store, files and replicas (FAISS, Tantivy) are then compared, and the
service is started again. In the end every file must be there once, and a second sync must change nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path
from typing import Literal

from lab.bench.service import Running, call, has_ended, job_id, start, wait_for
from rag.index.manager import IndexManager
from rag.settings import Settings
from rag.store import Store

COLLECTION = "faults"
Victim = Literal["worker", "service", "both"]
WORDS = (
    "ferry",
    "harbour",
    "lamp",
    "valve",
    "pump",
    "tide",
    "rope",
    "anchor",
    "deck",
    "crew",
    "cabin",
    "engine",
)


def token(number: int) -> str:
    """A word that only this file holds."""
    return f"zq{number}x"


def make_files(folder: Path, count: int, chance: random.Random) -> None:
    """Small Markdown pages of random words, each with a word of its own."""
    for number in range(count):
        lines = (" ".join(chance.choices(WORDS, k=12)) for _ in range(6))
        part = folder / f"part-{number % 10}"
        part.mkdir(exist_ok=True)
        (part / f"{number:04}.md").write_text(f"# Page {token(number)}\n\n" + ". ".join(lines) + ".\n")


def kill(running: Running, victim: Victim) -> bool:
    """SIGKILL; False when there was no worker to kill."""
    worker = running.worker_pid()
    if victim != "service":
        if worker is None:
            return False
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
    if victim != "worker":
        running.process.kill()
        running.process.wait()
        _await_end(worker)
    return True


def _await_end(worker: int | None) -> None:
    """A worker ends by itself when its service has died."""
    while worker is not None and Path(f"/proc/{worker}").exists():
        if Path(f"/proc/{worker}/stat").read_text().split(") ")[1].startswith("Z"):
            return
        time.sleep(0.05)


def disagreements(settings: Settings, folder: Path, *, indexes: bool) -> list[str]:
    """What store, files and indexes differ in; with `indexes` no service may be running."""
    with Store.open(settings.store_url) as store:
        found = store.audit.problems()
        for source in store.documents.sources(COLLECTION):
            record = store.documents.find(COLLECTION, source)
            assert record is not None
            content = (folder / source).read_bytes()
            if store.documents.content_sha256(record.document.id) != hashlib.sha256(content).hexdigest():
                found.append(f"{source} is not what its file is")
        return found + (_index_differences(settings, store) if indexes else [])


def _index_differences(settings: Settings, store: Store) -> list[str]:
    with closing(IndexManager(store, settings, background=False)) as manager:
        manager.catch_up(COLLECTION)
        chunks = store.collections.get(COLLECTION).chunks
        found = [
            f"{one.backend} has {one.chunks} of {chunks} chunks"
            for one in manager.status()
            if one.chunks != chunks
        ]
        replica = manager.open(store.collections.get(COLLECTION))
        for source in list(store.documents.sources(COLLECTION))[::17]:
            word = token(int(Path(source).stem))
            hits = [] if replica is None else replica.lexical.lexical(word, 5)
            if len(hits) != 1:
                found.append(f"{source} is found {len(hits)} times")
        return found


def sync(running: Running, folder: Path) -> str:
    """Start a sync; the job's id."""
    body = {"path": str(folder), "delete_missing": True}
    return job_id(call(running, "POST", f"/v1/collections/{COLLECTION}/sync", body))


def run_rounds(scratch: Path, files: int, rounds: int, chance: random.Random) -> dict[str, object]:
    """The whole experiment; raises AssertionError with what disagrees."""
    folder, data = scratch / "files", scratch / "data"
    folder.mkdir()
    make_files(folder, files, chance)
    settings = Settings(data=data)
    running, kills, began = start(data, sync_root=folder), Counter[str](), time.monotonic()
    try:
        call(running, "POST", "/v1/collections", {"name": COLLECTION})
        job = sync(running, folder)
        while sum(kills.values()) < rounds and not has_ended(running, job):
            time.sleep(chance.uniform(0.2, 3.0))
            victim: Victim = chance.choice(("worker", "service", "both"))
            if not kill(running, victim):
                continue
            kills[victim] += 1
            _assert_agreement(settings, folder, indexes=victim != "worker")
            if victim != "worker":
                running = start(data, sync_root=folder)
            print(f"round {sum(kills.values())}: {victim} killed, all agree", file=sys.stderr, flush=True)
        counts = _counts(running, job)
        assert (counts["failed"], counts["total"]) == (0, files), counts
        again = _counts(running, sync(running, folder))
        assert again["unchanged"] == files, again
        kill(running, "both")
        _assert_agreement(settings, folder, indexes=True)
        with Store.open(settings.store_url) as store:
            assert len(store.changes.after(COLLECTION, 0)) == files, "a document was written twice"
    finally:
        running.process.kill()
    return {
        "files": files,
        "kills": dict(kills),
        "seconds": round(time.monotonic() - began),
        "second sync": again,
    }


def _assert_agreement(settings: Settings, folder: Path, *, indexes: bool) -> None:
    wrong = disagreements(settings, folder, indexes=indexes)
    assert not wrong, wrong


def _counts(running: Running, job: str) -> dict[str, int]:
    """Of a job, once it has ended."""
    [ended] = wait_for(running, [job])
    counts = ended["counts"]
    assert isinstance(counts, dict)
    return counts


def main() -> None:
    """Print one JSON object, or fail with what disagrees."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=None)
    args = parser.parse_args()
    seed = random.randrange(2**32) if args.seed is None else args.seed
    with tempfile.TemporaryDirectory() as scratch:
        print(
            json.dumps(
                {"seed": seed, **run_rounds(Path(scratch), args.files, args.rounds, random.Random(seed))}
            )
        )


if __name__ == "__main__":
    main()
