"""Chunks, documents and batches for an index, and strategies for metadata and filters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from hypothesis import strategies as st

from rag.index.types import Batch, Floats, IndexedChunk, IndexSpec
from rag.types import And, Document, Equals, Filter, In, Metadata, Not, Or, Range

DIMENSION = 16
SPEC = IndexSpec("manuals", "tiny-encoder", "r1", DIMENSION, uid="0011")


def unit(seed: int, dimension: int = DIMENSION) -> Floats:
    """A unit vector as a store hands it out: half precision, widened."""
    vector = np.random.default_rng(seed).standard_normal(dimension)
    return (vector / np.linalg.norm(vector)).astype(np.float16).astype(np.float32)


def make_document(name: str, metadata: Metadata | None = None) -> Document:
    """A document whose id is its name."""
    return Document(
        name, SPEC.collection, f"{name}.md", f"Title of {name}", "text/markdown", "", (), metadata or {}
    )


def make_chunk(
    key: int, document: str, text: str = "plain words", vector: Floats | None = None
) -> IndexedChunk:
    """A chunk; without a vector, one that follows from its key."""
    return IndexedChunk(key, document, text, unit(key) if vector is None else vector)


def make_batch(
    position: int,
    added: Iterable[IndexedChunk] = (),
    removed: Sequence[str] = (),
    metadata: Mapping[str, Metadata] | None = None,
) -> Batch:
    """A batch as the log gives it: what is added is removed first."""
    chunks = tuple(added)
    names = list(dict.fromkeys(chunk.document_id for chunk in chunks))
    documents = tuple(make_document(name, (metadata or {}).get(name)) for name in names)
    return Batch(position, tuple(dict.fromkeys([*removed, *names])), chunks, documents)


TEXTS = st.sampled_from(
    [
        "",
        "a",
        "aa",
        "b",
        "Zürich",
        "2024-05-01",
        "2024-05-01T08:00:00Z",
        "2024-05-01T01:30:00-07:00",
        "2024-05-01T10:00:00.5+02:00",
        "2024-12-31",
        "abcdef",
        "abcdefg",
        "😀",
    ]
) | st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=8)
NUMBERS = st.sampled_from([-1, 0, 1, 2, 2024, 0.5, 1.0, 2.5, -1.0]) | st.integers(-3, 3)
SCALARS = st.one_of(TEXTS, NUMBERS, st.booleans())
KEYS = st.sampled_from(["year", "lang", "tags", "a.b", "x_y", "1", "ключ", "", 'q"[0]'])
METADATA = st.dictionaries(KEYS, SCALARS | st.lists(TEXTS, max_size=3), max_size=5)

_BOUNDS = ("gt", "gte", "lt", "lte")
_RANGES = st.dictionaries(st.sampled_from(_BOUNDS), TEXTS | NUMBERS, min_size=1, max_size=3)
_FIELDS = KEYS | st.sampled_from(["source", "title", "media_type", "document_id"])
_LEAVES: st.SearchStrategy[Filter] = st.one_of(
    st.builds(Equals, _FIELDS, SCALARS | st.sampled_from(["d1", "d2.md", "Title of d3", "text/markdown"])),
    st.builds(In, _FIELDS, st.lists(SCALARS, max_size=3).map(tuple)),
    st.builds(lambda key, bounds: Range(key, **bounds), _FIELDS, _RANGES),
)
FILTERS: st.SearchStrategy[Filter] = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.builds(And, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=6,
)
