"""FAISS alone and Tantivy alone, as someone who has read their manuals would use them.

The same vectors and texts, the same number of hits and of threads as in the product; no store, no filters, no
deletions, no matched words, no exact order among equals.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

import faiss
import numpy as np
import tantivy

from rag.index.replica import lexical_text
from rag.models.types import Floats
from rag.store import Store

HEAP_BYTES = 32_000_000
LINKS, BUILD_BREADTH, SEARCH_BREADTH = 16, 100, 128  # of the product, which is not loaded here
_lib: Any = faiss


class FaissAlone:
    """Every vector in single precision (IndexFlatIP), or a graph over them."""

    def __init__(self, index: Any) -> None:
        self._index = index

    @classmethod
    def flat(cls, vectors: Floats) -> FaissAlone:
        """An index of vectors (n, dimension)."""
        index = _lib.IndexFlatIP(vectors.shape[1])
        index.add(vectors)
        return cls(index)

    @classmethod
    def read(cls, path: Path) -> FaissAlone:
        """An index from a file."""
        return cls(_lib.read_index(str(path)))

    @classmethod
    def graph(cls, vectors: Floats) -> FaissAlone:
        """The same graph as the product builds (HNSW in half precision), over all vectors; minutes for a
        million.
        """
        metric = _lib.METRIC_INNER_PRODUCT
        index = _lib.IndexHNSWSQ(vectors.shape[1], _lib.ScalarQuantizer.QT_fp16, LINKS, metric)
        index.hnsw.efConstruction = BUILD_BREADTH
        index.train(vectors[:1])
        _lib.omp_set_num_threads(os.cpu_count() or 1)
        index.add(vectors)
        return cls(index)

    @property
    def dimension(self) -> int:
        """Of the vectors."""
        return int(self._index.d)

    def write(self, path: Path) -> None:
        """To a file that `read` takes."""
        _lib.write_index(self._index, str(path))

    def search(self, vector: Floats, k: int) -> int:
        """How many of the k nearest were found; one thread, as in the product."""
        _lib.omp_set_num_threads(1)
        parameters = None
        if hasattr(self._index, "hnsw"):
            parameters = _lib.SearchParametersHNSW(efSearch=max(SEARCH_BREADTH, 2 * k))
        _, places = self._index.search(vector.reshape(1, -1), k, params=parameters)
        return int((places[0] >= 0).sum())


class TantivyAlone:
    """BM25 over English stems in a folder, one commit."""

    def __init__(self, folder: Path) -> None:
        self._index = tantivy.Index.open(str(folder))
        self._searcher = self._index.searcher()

    @classmethod
    def build(cls, folder: Path, texts: Sequence[str]) -> TantivyAlone:
        """A new index; the place of a text is its key."""
        schema = tantivy.SchemaBuilder()
        schema.add_unsigned_field("key", stored=False, indexed=True, fast=True)
        schema.add_text_field("text", stored=False, tokenizer_name="en_stem", index_option="freq")
        folder.mkdir(parents=True)
        index = tantivy.Index(schema.build(), path=str(folder))
        writer = index.writer(heap_size=HEAP_BYTES, num_threads=1)
        for key, text in enumerate(texts):
            document = tantivy.Document()
            document.add_unsigned("key", key)
            document.add_text("text", text)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
        return cls(folder)

    def search(self, words: str, k: int) -> int:
        """How many of the k best were found; `words` are any of them, without stop words and syntax."""
        query = self._index.parse_query(words, ["text"])
        hits = self._searcher.search(query, k, count=False).hits
        return len(self._searcher.fast_field_values("key", [address for _, address in hits]))


AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Indexes:
    """`folder` holds `faiss` and `tantivy`; `built_s` is what both took to fill from memory, FAISS flat.

    `graph`: FAISS searches a graph, not every vector.
    """

    dense: FaissAlone
    lexical: TantivyAlone
    folder: Path
    built_s: float
    graph: bool

    @property
    def dense_name(self) -> str:
        """What dense search is compared with."""
        return "FAISS alone, graph" if self.graph else "FAISS alone, flat"


def baseline_indexes(store: Store, collection: str, threshold: int, folder: Path) -> Indexes:
    """Read all chunks, build both, write FAISS down; from `threshold` chunks on it is a graph."""
    texts, vectors = _read(store, collection)
    folder.mkdir(parents=True)
    started = perf_counter()
    dense = FaissAlone.flat(vectors)
    lexical = TantivyAlone.build(folder / "tantivy", texts)
    seconds = perf_counter() - started
    graph = len(vectors) >= threshold
    if graph:
        dense = FaissAlone.graph(vectors)
    dense.write(folder / "faiss")
    return Indexes(dense, lexical, folder, seconds, graph)


def _read(store: Store, collection: str) -> tuple[list[str], Floats]:
    bound = store.collections.bound(collection)
    assert bound is not None  # something was ingested
    texts: list[str] = []
    vectors: list[Floats] = []
    for ids in _pages(store, collection):
        documents = store.documents.by_id(ids)
        for one in store.changes.embedded(ids, bound[0], bound[1]):
            texts.append(lexical_text(one.chunk, documents[one.chunk.document_id]))
            vectors.append(one.dense)
    return texts, np.stack(vectors)


def _pages(store: Store, collection: str) -> Iterator[Sequence[str]]:
    ids = (record.document.id for record in store.documents.every(collection, status="ready"))
    while page := list(islice(ids, AT_ONCE)):
        yield page
