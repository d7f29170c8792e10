"""A document checked and turned into rows, before any transaction is opened."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rag.errors import InvalidInput
from rag.store.ids import chunk_id, document_id
from rag.store.records import Floats, NewChunk, NewDocument
from rag.store.text import check_source, clean, clean_metadata
from rag.types import Scalar

Value = str | int | bytes | None | list[str] | list[list[int]] | dict[str, Scalar | list[str]]


@dataclass(frozen=True, slots=True)
class PreparedChunk:
    """A chunk's row, and its vectors in the same order; `dense` is None for a quarantined one."""

    row: dict[str, Value]
    dense: bytes | None
    tokens: bytes | None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document ready to be written. `dimension` is None when it has no searchable chunk."""

    id: str
    collection: str
    source: str
    title: str
    metadata: dict[str, Scalar | list[str]]
    row: dict[str, Value]
    text: str
    chunks: tuple[PreparedChunk, ...]
    dimension: int | None
    content_sha256: str
    model: str
    revision: str

    @property
    def live(self) -> int:
        """How many chunks can be searched."""
        return sum(chunk.dense is not None for chunk in self.chunks)


def prepare(new: NewDocument) -> Prepared:
    """Check a document and derive what the store derives: ids, chunk texts, the hash of the text.

    NUL and lone surrogates, which no database can hold, become U+FFFD one for one. Raises InvalidInput:
    `invalid_source`, `invalid_metadata`, `invalid_chunk`, `invalid_vector`, `invalid_document_id`.
    """
    text, document = clean(new.text), new.document
    key = document_id(document.collection, check_source(document.source))
    if document.id not in ("", key):
        raise InvalidInput(
            f"The id of {document.source!r} must be {key}, not {document.id!r}.", code="invalid_document_id"
        )
    metadata, dimension = clean_metadata(document.metadata), _check(new.chunks, text)
    return Prepared(
        id=key,
        collection=document.collection,
        source=document.source,
        title=clean(document.title),
        metadata=metadata,
        row=_row(new, text, metadata),
        text=text,
        chunks=tuple(_chunk(key, chunk, text) for chunk in new.chunks),
        dimension=dimension,
        content_sha256=new.content_sha256,
        model=new.model,
        revision=new.revision,
    )


def _row(new: NewDocument, text: str, metadata: dict[str, Scalar | list[str]]) -> dict[str, Value]:
    quarantined = sum(chunk.quarantine is not None for chunk in new.chunks)
    return {
        "title": clean(new.document.title),
        "media_type": clean(new.document.media_type),
        "text_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "content_sha256": new.content_sha256,
        "pages": [[page.number, page.start, page.end] for page in new.document.pages],
        "metadata": metadata,
        "status": "ready",
        "error_code": None,
        "error_message": None,
        "chunks": len(new.chunks) - quarantined,
        "quarantined": quarantined,
        "characters": len(text),
    }


def _chunk(document: str, chunk: NewChunk, text: str) -> PreparedChunk:
    passage = text[chunk.start : chunk.end]
    row: dict[str, Value] = {
        "document_id": document,
        "ordinal": chunk.ordinal,
        "id": chunk_id(document, chunk.ordinal, passage),
        "start_offset": chunk.start,
        "end_offset": chunk.end,
        "page": chunk.page,
        "headings": [clean(heading) for heading in chunk.headings],
        "text": passage,
        "quarantine": None if chunk.quarantine is None else clean(chunk.quarantine),
        "context": clean(chunk.context),
    }
    if chunk.quarantine is not None:
        return PreparedChunk(row, None, None)
    return PreparedChunk(row, packed(chunk.dense), chunk.tokens)


def _check(chunks: Sequence[NewChunk], text: str) -> int | None:
    for ordinal, chunk in enumerate(chunks):
        if chunk.ordinal != ordinal or not 0 <= chunk.start < chunk.end <= len(text):
            raise InvalidInput(
                f"Chunk {ordinal} has ordinal {chunk.ordinal} and span {chunk.start}:{chunk.end} "
                f"in a text of {len(text)} characters.",
                code="invalid_chunk",
            )
    searchable = [chunk.dense for chunk in chunks if chunk.quarantine is None]
    return check_vectors(searchable) if searchable else None


def packed(dense: Floats) -> bytes:
    """A dense vector as it is stored: half precision."""
    return dense.astype(np.float16).tobytes()


def check_vectors(vectors: Sequence[Floats]) -> int:
    """The dimension of these dense vectors; raises InvalidInput `invalid_vector`."""
    shapes = {vector.shape for vector in vectors}
    if len(shapes) != 1 or len(vectors[0].shape) != 1 or vectors[0].size == 0:
        raise InvalidInput(
            f"Dense vectors must all have one shape (dim,), not {shapes}.", code="invalid_vector"
        )
    # Half precision ends at 65504; encoders give unit vectors, so anything near it is a mistake.
    if not all(np.abs(vector).max() < 65504 for vector in vectors):
        raise InvalidInput(
            "A dense vector holds a value that is not finite or too large.", code="invalid_vector"
        )
    return int(vectors[0].size)
