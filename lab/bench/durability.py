"""What durability costs a file: `python -m lab.bench.durability FOLDER [--files N] [--rounds N]`.

The same files are ingested into fresh stores with DBOS and, as the baseline, by a loop over the same items
that nothing would take up again, in turns.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

from ingest.item import ItemWorker
from ingest.parse.pool import ParserPool
from ingest.submit import submit_folder
from ingest.worker import Worker
from rag.models.loaded import Models
from rag.models.registry import load_encoder
from rag.models.types import Encoder
from rag.settings import Settings
from rag.store import Store

C = "c"


def durable(settings: Settings, store: Store, encoder: Encoder) -> float:
    """Seconds of a worker until it has nothing left; its parser process starts with its first file."""
    with Worker(settings, store=store, encoder=encoder) as worker:
        started = time.perf_counter()
        worker.drain()
        return time.perf_counter() - started


def plain(settings: Settings, store: Store, encoder: Encoder) -> float:
    """Seconds of a loop over the job's items."""
    [job] = store.jobs.newest(C)
    with ParserPool.of(settings) as pool:
        worker = ItemWorker(store, Models(settings, encoder), pool, settings.chunk_tokens)
        started = time.perf_counter()
        items = store.jobs.items(job.id)
        for item, following in zip(items, [*items[1:], None], strict=True):
            worker.carry_out(item, following, last_try=True)
        seconds = time.perf_counter() - started
        worker.close()
    return seconds


def once(folder: Path, encoder: Encoder, *, with_dbos: bool) -> float:
    """Seconds for the folder in a fresh store."""
    with tempfile.TemporaryDirectory() as scratch:
        settings = Settings(data=Path(scratch))
        with Store.open(settings.store_url) as store:
            store.collections.create(C)
            job = submit_folder(store, C, folder)
            seconds = (durable if with_dbos else plain)(settings, store, encoder)
            counts = store.jobs.get(job.id).counts
            assert counts.done == counts.total
            return seconds


def pick(folder: Path, most: int, into: Path) -> int:
    """Links to the first files of a folder, in order of name; how many."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())[:most]
    for number, path in enumerate(files):
        (into / f"{number:05}{path.suffix}").write_bytes(path.read_bytes())
    return len(files)


def main() -> None:
    """Print one JSON object: milliseconds a file with and without DBOS, and the share that it adds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        files = pick(args.folder, args.files, Path(scratch))
        encoder = load_encoder("footnote-encoder", Settings(data=Path(scratch) / ".unused"))
        pairs = [
            (once(Path(scratch), encoder, with_dbos=False), once(Path(scratch), encoder, with_dbos=True))
            for _ in range(args.rounds)
        ]
    shares = [with_ / without - 1 for without, with_ in pairs]
    print(
        json.dumps(
            {
                "files": files,
                "plain_ms": [round(1000 * without / files, 1) for without, _ in pairs],
                "durable_ms": [round(1000 * with_ / files, 1) for _, with_ in pairs],
                "added_share": {
                    "median": round(statistics.median(shares), 3),
                    "range": [round(min(shares), 3), round(max(shares), 3)],
                },
            }
        )
    )


if __name__ == "__main__":
    main()
