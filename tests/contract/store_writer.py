"""A process that writes to a store: `python -m tests.contract.store_writer URL COLLECTION NAME COUNT`.

It puts COUNT documents (0: without end) named NAME-<n>, replacing every third and deleting every seventh, and
prints a line for each change that was committed.
"""

from __future__ import annotations

import itertools
import sys

from rag.store import Store, document_id
from tests.contract.store_making import make_document


def write(store: Store, collection: str, name: str, count: int) -> None:
    for n in itertools.count() if count == 0 else range(count):
        source = f"{name}-{n}"
        text = f"{source} says something of its own. " * 20
        put(store, collection, source, text)
        if n % 3 == 0:
            put(store, collection, source, text + "And more.")
        if n % 7 == 0:
            store.delete_document(document_id(collection, source))
            print("delete", source, flush=True)


def put(store: Store, collection: str, source: str, text: str) -> None:
    store.put_document(make_document(collection, source, text, range(0, len(text), 40)))
    print("put", source, len(text), flush=True)


if __name__ == "__main__":
    with Store.open(sys.argv[1]) as opened:
        write(opened, sys.argv[2], sys.argv[3], int(sys.argv[4]))
