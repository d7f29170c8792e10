"""A store with documents of one chunk each, for the tests of what follows its log."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rag.index import IndexManager
from rag.index.replica import Replica
from rag.index.types import Floats, Scored
from rag.models.types import ModelInfo
from rag.store import NewChunk, NewDocument, NewVectors, Store
from rag.types import Document, Filter, Metadata

DIMENSION = 16
ENCODER = ModelInfo("tiny-encoder", "r1", "encoder", 1, 512, DIMENSION)


def unit(seed: int) -> Floats:
    """A unit vector in half precision."""
    vector = np.random.default_rng(seed).standard_normal(DIMENSION)
    return (vector / np.linalg.norm(vector)).astype(np.float16).astype(np.float32)


def put(
    store: Store,
    source: str,
    text: str = "plain words",
    *,
    seed: int = 0,
    collection: str = "c",
    metadata: Metadata | None = None,
    encoder: ModelInfo = ENCODER,
    chunks: int = 1,
) -> None:
    """Store a document of `chunks` chunks, each the whole text; their vectors are unit(seed), unit(seed + 1),
    …
    """
    document = Document("", collection, source, f"Title of {source}", "text/plain", "", (), metadata or {})
    parts = [NewChunk(n, 0, len(text), None, (), unit(seed + n)) for n in range(chunks)]
    content = f"{text} {seed} {chunks}"
    store.documents.put(NewDocument(document, text, content, parts, encoder.name, encoder.revision))


def live(store: Store, collection: str = "c") -> Mapping[int, Floats]:
    """Every searchable chunk of a collection with its vector, read from the store itself."""
    bound = store.collections.bound(collection)
    records, cursor = store.documents.page(collection, limit=1000)
    assert cursor is None
    if bound is None:
        return {}
    chunks = store.changes.embedded([record.document.id for record in records], bound[0], bound[1])
    return {chunk.key: chunk.dense for chunk in chunks}


def switch(store: Store, encoder: ModelInfo, collection: str = "c") -> None:
    """Give a collection another encoder, whose vectors are axes of its space; the old ones are dropped."""
    dimension = encoder.dimension or 0
    store.reembedding.begin(collection, encoder.name, encoder.revision, dimension)
    job = store.jobs.create("reembed", collection, [])
    store.jobs.set_status(job.id, "running")
    lacking = store.reembedding.unembedded(collection, encoder.name, encoder.revision, limit=10_000)
    axes = np.eye(dimension, dtype=np.float32)
    new = [NewVectors(chunk.key, axes[chunk.key % dimension]) for chunk in lacking]
    store.reembedding.add_vectors(collection, encoder.name, encoder.revision, new)
    assert store.reembedding.switch(collection, encoder.name, encoder.revision, job.id)
    while store.reembedding.drop_others(collection):
        pass
    store.jobs.set_status(job.id, "succeeded")


def opened(manager: IndexManager, collection: str = "c") -> Replica:
    """The replica that answers searches of an embedded collection now."""
    replica = manager.open(manager._store.collections.get(collection))
    assert replica is not None
    return replica


def search_dense(
    manager: IndexManager, collection: str, vector: Floats, k: int, filters: Filter | None = None
) -> list[Scored]:
    """The k nearest chunks, none while nothing was embedded."""
    replica = manager.open(manager._store.collections.get(collection))
    return [] if replica is None else replica.dense.dense(vector, k, filters)


def search_lexical(manager: IndexManager, collection: str, text: str, k: int) -> list[Scored]:
    """The k best chunks by words, none while nothing was embedded."""
    replica = manager.open(manager._store.collections.get(collection))
    return [] if replica is None else replica.lexical.lexical(text, k)
