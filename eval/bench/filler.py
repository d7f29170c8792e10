"""Synthetic chunks, to see how the service does at a size that nobody wants to wait for embedding."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from rag.models.types import Floats
from rag.store import Store
from rag.store.records import EmbeddedChunk, NewChunk, NewDocument
from rag.types import Document

SYNTHETIC = "synthetic"
"""Where the sources of synthetic documents begin."""
PER_DOCUMENT = 20
MOST_DOCUMENTS = 200
PATTERNS = 500  # real chunks that the synthetic ones are made from
NOISE = 0.7  # length of the noise added to a unit vector: cosine to its pattern about 0.8


def fill(store: Store, collection: str, total: int, *, seed: int = 0) -> int:
    """Add synthetic documents until the collection has `total` chunks; how many chunks were added.

    Each is a real chunk with its words shuffled, its vector with noise and its token vectors as they are,
    so that the indexes do their usual work. Raises ValueError for a collection without a chunk.
    """
    missing = total - store.collection(collection).chunks
    if missing <= 0:
        return 0
    bound = store.bound_model(collection)
    patterns = _patterns(store, collection)
    if bound is None or not patterns:
        raise ValueError(f"{collection} has no chunk to make others from.")
    tokens = store.token_vectors([pattern.key for pattern in patterns], bound[0])
    random = np.random.default_rng([seed, total])
    for number, size in enumerate(_sizes(missing)):
        picked = [patterns[place] for place in random.integers(0, len(patterns), size)]
        source = f"{SYNTHETIC}/{total}/{number:06}.txt"
        store.put_document(_document(collection, source, picked, tokens, bound[0], bound[1], random))
    return missing


def _sizes(missing: int) -> Iterator[int]:
    return (min(PER_DOCUMENT, missing - start) for start in range(0, missing, PER_DOCUMENT))


def _patterns(store: Store, collection: str) -> list[EmbeddedChunk]:
    bound = store.bound_model(collection)
    if bound is None:
        return []
    real = (
        record.document.id
        for record in store.every_document(collection, status="ready")
        if not record.document.source.startswith(SYNTHETIC)
    )
    return store.embedded(list(islice(real, MOST_DOCUMENTS)), bound[0], bound[1])[:PATTERNS]


def _document(
    collection: str,
    source: str,
    picked: Sequence[EmbeddedChunk],
    tokens: dict[int, bytes],
    model: str,
    revision: str,
    random: np.random.Generator,
) -> NewDocument:
    texts = [_shuffled(pattern.chunk.text, random) for pattern in picked]
    text, chunks, start = "\n".join(texts), [], 0
    for ordinal, (pattern, words) in enumerate(zip(picked, texts, strict=True)):
        end = start + len(words)
        dense = _near(pattern.dense, random)
        chunks.append(NewChunk(ordinal, start, end, None, (), dense, tokens.get(pattern.key)))
        start = end + 1
    digest = hashlib.sha256(text.encode()).hexdigest()
    record = Document("", collection, source, "", "text/plain", digest)
    return NewDocument(record, text, digest, chunks, model, revision)


def _shuffled(text: str, random: np.random.Generator) -> str:
    words = text.split()
    return " ".join(words[place] for place in random.permutation(len(words)))


def _near(vector: Floats, random: np.random.Generator) -> Floats:
    noise = random.standard_normal(vector.shape)
    moved = vector + NOISE * noise / np.linalg.norm(noise)
    return np.asarray(moved / np.linalg.norm(moved), dtype=np.float32)
