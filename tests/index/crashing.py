"""A process that changes a store and follows it, until it is killed: python -m tests.index.crashing DATA
INDEX SEED.
"""

from __future__ import annotations

import random
import sys
from contextlib import suppress
from pathlib import Path

from rag.errors import NotFound
from rag.index import IndexManager, replica
from rag.settings import Settings
from rag.store import Store, document_id
from tests.index.making import put


def main(data: Path, index: str, seed: int) -> None:
    """Put, replace and delete documents for ever, saving the replicas after every few changes."""
    replica.FLUSH_CHANGES = 3
    course = random.Random(seed)
    settings = Settings(data=data, index=index, hnsw_threshold=20)
    with Store.open(settings.store_url) as store:
        manager = IndexManager(store, settings)
        print("ready", flush=True)
        while True:
            change(store, course)
            if course.random() < 0.5:
                manager.catch_up("c")
            if course.random() < 0.2:
                manager.refresh()


def change(store: Store, course: random.Random) -> None:
    source = f"s{course.randrange(30)}"
    if course.random() < 0.7:
        seed = course.randrange(10_000)
        put(store, source, f"plain w{seed}", seed=seed, chunks=course.randrange(1, 5))
        return
    with suppress(NotFound):
        store.documents.delete(document_id("c", source))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
