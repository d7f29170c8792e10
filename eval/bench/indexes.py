"""The bare indexes of a collection, with the same chunks as the product's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from time import perf_counter

import numpy as np

from eval.bench.bare import BareFaiss, BareTantivy
from rag.index.replica import lexical_text
from rag.models.types import Floats
from rag.store import Store

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Indexes:
    """`folder` holds `faiss` and `tantivy`; `built_s` is what both took to fill from memory, FAISS flat.

    `graph`: FAISS searches a graph, not every vector.
    """

    dense: BareFaiss
    lexical: BareTantivy
    folder: Path
    built_s: float
    graph: bool

    @property
    def dense_name(self) -> str:
        """What dense search is compared with."""
        return "FAISS alone, graph" if self.graph else "FAISS alone, flat"


def bare_indexes(store: Store, collection: str, threshold: int, folder: Path) -> Indexes:
    """Read all chunks, build both, write FAISS down; from `threshold` chunks on it is a graph."""
    texts, vectors = _read(store, collection)
    folder.mkdir(parents=True)
    started = perf_counter()
    dense = BareFaiss.flat(vectors)
    lexical = BareTantivy.build(folder / "tantivy", texts)
    seconds = perf_counter() - started
    graph = len(vectors) >= threshold
    if graph:
        dense = BareFaiss.graph(vectors)
    dense.write(folder / "faiss")
    return Indexes(dense, lexical, folder, seconds, graph)


def _read(store: Store, collection: str) -> tuple[list[str], Floats]:
    bound = store.bound_model(collection)
    assert bound is not None  # something was ingested
    texts: list[str] = []
    vectors: list[Floats] = []
    for ids in _pages(store, collection):
        documents = store.documents_by_id(ids)
        for one in store.embedded(ids, bound[0], bound[1]):
            texts.append(lexical_text(one.chunk, documents[one.chunk.document_id]))
            vectors.append(one.dense)
    return texts, np.stack(vectors)


def _pages(store: Store, collection: str) -> Iterator[Sequence[str]]:
    ids = (record.document.id for record in store.every_document(collection, status="ready"))
    while page := list(islice(ids, AT_ONCE)):
        yield page
