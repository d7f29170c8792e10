"""Documents to put into a store, from a text and the places where it is cut."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from rag.store import NewChunk, NewDocument
from rag.types import Document, Metadata, Page

MODEL = ("test-encoder", "r1")
DIMENSION = 8


def make_document(
    collection: str,
    source: str,
    text: str = "The pump is rated for 16 bar.",
    cuts: Sequence[int] | None = None,
    *,
    title: str = "A title",
    metadata: Metadata | None = None,
    content: str | None = None,
    model: tuple[str, str] = MODEL,
    pages: tuple[Page, ...] = (),
    **chunk: Any,
) -> NewDocument:
    """A document cut at `cuts` (default: one chunk). Its vectors follow from its text and place."""
    edges = [0, len(text)] if cuts is None else sorted({0, *cuts, len(text)})
    spans = [(a, b) for a, b in pairwise(edges) if a < b]
    chunks = [
        make_chunk(ordinal, start, end, seed=hash((source, text)) % 1000, **chunk)
        for ordinal, (start, end) in enumerate(spans)
    ]
    document = Document("", collection, source, title, "text/plain", "", pages, metadata or {})
    content = f"hash of {text!r}" if content is None else content
    return NewDocument(document, text, content, chunks, *model)


def make_chunk(ordinal: int, start: int, end: int, *, seed: int = 0, **changed: Any) -> NewChunk:
    """A chunk with a random unit vector (DIMENSION,) and a few bytes of token vectors."""
    random = np.random.default_rng([seed, ordinal])
    vector = random.standard_normal(DIMENSION).astype(np.float32)
    values: dict[str, Any] = {
        "page": None,
        "headings": (),
        "dense": vector / np.linalg.norm(vector),
        "tokens": random.bytes(32),
    }
    return NewChunk(ordinal, start, end, **(values | changed))
