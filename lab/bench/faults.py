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
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx

from rag.index.manager import IndexManager
from rag.settings import Settings
from rag.store import Store

C = "chaos"
KEY = "chaos-key-0123456789abcdef"
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


@dataclass
class Running:
    """`footnote serve`, its own process group, and the worker that it started."""

    process: subprocess.Popen[bytes]
    url: str

    @property
    def worker(self) -> int | None:
        """The worker's process id, once there is one."""
        listed = Path(f"/proc/{self.process.pid}/task")
        children = [(task / "children").read_text().split() for task in listed.glob("*")]
        return next((int(pid) for pids in children for pid in pids), None)

    def kill(self, victim: Victim) -> bool:
        """SIGKILL; False when there was no worker to kill."""
        worker = self.worker
        if victim != "service":
            if worker is None:
                return False
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
        if victim != "worker":
            self.process.kill()
            self.process.wait()
            self._await_end(worker)
        return True

    def _await_end(self, worker: int | None) -> None:
        """A worker ends by itself when its service has died."""
        while worker is not None and Path(f"/proc/{worker}").exists():
            if Path(f"/proc/{worker}/stat").read_text().split(") ")[1].startswith("Z"):
                return
            time.sleep(0.05)


def start(data: Path, folder: Path) -> Running:
    """Start the service and wait until it answers."""
    variables = {"FOOTNOTE_API_KEY": KEY, "FOOTNOTE_SYNC_ROOTS": str(folder)}
    command = [sys.executable, "-m", "api.cli.main", "serve", "--data", str(data), "--port", "0"]
    process = subprocess.Popen(
        command, env={**os.environ, **variables}, stdout=subprocess.DEVNULL, start_new_session=True
    )
    while process.poll() is None:
        with suppress(FileNotFoundError, ValueError, httpx.HTTPError):
            record = json.loads((data / "service.json").read_text())
            if record["pid"] == process.pid:
                httpx.get(f"{record['url']}/health", trust_env=False).raise_for_status()
                return Running(process, record["url"])
        time.sleep(0.05)
    raise RuntimeError(f"the service ended with {process.returncode}")


def client(url: str) -> httpx.Client:
    """A client with the admin key."""
    headers = {"Authorization": f"Bearer {KEY}"}
    return httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=60)


def disagreements(settings: Settings, folder: Path, *, indexes: bool) -> list[str]:
    """What store, files and indexes differ in; with `indexes` no service may be running."""
    with Store.open(settings.store_url) as store:
        found = store.audit.problems()
        for source in store.documents.sources(C):
            record = store.documents.find(C, source)
            assert record is not None
            content = (folder / source).read_bytes()
            if store.documents.content_sha256(record.document.id) != hashlib.sha256(content).hexdigest():
                found.append(f"{source} is not what its file is")
        return found + (_index_differences(settings, store) if indexes else [])


def _index_differences(settings: Settings, store: Store) -> list[str]:
    with closing(IndexManager(store, settings, background=False)) as manager:
        manager.catch_up(C)
        chunks = store.collections.get(C).chunks
        found = [
            f"{one.backend} has {one.chunks} of {chunks} chunks"
            for one in manager.status()
            if one.chunks != chunks
        ]
        replica = manager.open(store.collections.get(C))
        for source in list(store.documents.sources(C))[::17]:
            word = token(int(Path(source).stem))
            hits = [] if replica is None else replica.lexical.lexical(word, 5)
            if len(hits) != 1:
                found.append(f"{source} is found {len(hits)} times")
        return found


def ended(url: str, job: str) -> bool:
    """Whether the job is no longer queued or running."""
    with client(url) as http:
        status = http.get(f"/v1/jobs/{job}").raise_for_status().json()["status"]
    return status not in ("queued", "running")


def sync(url: str, folder: Path) -> str:
    """Start a sync; the job's id."""
    with client(url) as http:
        body = {"path": str(folder), "delete_missing": True}
        return str(http.post(f"/v1/collections/{C}/sync", json=body).raise_for_status().json()["job"]["id"])


def ruin(scratch: Path, files: int, rounds: int, chance: random.Random) -> dict[str, object]:
    """The whole experiment; raises AssertionError with what disagrees."""
    folder, data = scratch / "files", scratch / "data"
    folder.mkdir()
    make_files(folder, files, chance)
    settings = Settings(data=data)
    service, kills, began = start(data, folder), Counter[str](), time.monotonic()
    try:
        with client(service.url) as http:
            http.post("/v1/collections", json={"name": C}).raise_for_status()
        job = sync(service.url, folder)
        while sum(kills.values()) < rounds and not ended(service.url, job):
            time.sleep(chance.uniform(0.2, 3.0))
            victim: Victim = chance.choice(("worker", "service", "both"))
            if not service.kill(victim):
                continue
            kills[victim] += 1
            wrong = disagreements(settings, folder, indexes=victim != "worker")
            assert not wrong, wrong
            if victim != "worker":
                service = start(data, folder)
            print(f"round {sum(kills.values())}: {victim} killed, all agree", file=sys.stderr, flush=True)
        counts = _finish(service.url, job)
        assert (counts["failed"], counts["total"]) == (0, files), counts
        again = _finish(service.url, sync(service.url, folder))
        assert again["unchanged"] == files, again
        service.kill("both")
        wrong = disagreements(settings, folder, indexes=True)
        assert not wrong, wrong
        with Store.open(settings.store_url) as store:
            assert len(store.changes.after(C, 0)) == files, "a document was written twice"
    finally:
        service.process.kill()
    return {
        "files": files,
        "kills": dict(kills),
        "seconds": round(time.monotonic() - began),
        "second sync": again,
    }


def _finish(url: str, job: str) -> dict[str, int]:
    """Wait for a job; its counts."""
    while not ended(url, job):
        time.sleep(0.2)
    with client(url) as http:
        counts: dict[str, int] = http.get(f"/v1/jobs/{job}").json()["counts"]
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
        print(json.dumps({"seed": seed, **ruin(Path(scratch), args.files, args.rounds, random.Random(seed))}))


if __name__ == "__main__":
    main()
