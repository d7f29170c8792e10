"""A document checked and turned into rows, before any transaction is opened."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rag.errors import InvalidInput
from rag.store.records import Floats, NewChunk, NewDocument
from rag.store.values import check_source, chunk_id, clean, clean_metadata, document_id, fingerprint
from rag.types import Scalar

Value = (
    str
    | int
    | bytes
    | None
    | list[str]
    | list[list[int]]
    | list[list[str | int | None]]
    | dict[str, Scalar | list[str]]
)


@dataclass(frozen=True, slots=True)
class PreparedChunk:
    """A chunk's row, its vectors (a quarantined one may have none), and its signatures."""

    row: dict[str, Value]
    dense: bytes | None
    tokens: bytes | None
    signatures: tuple[int, ...]

    @property
    def live(self) -> bool:
        """Whether the chunk can be searched."""
        return self.row["quarantine"] is None

    @property
    def fingerprint(self) -> int:
        """See `rag.store.values.fingerprint`."""
        value = self.row["fingerprint"]
        assert isinstance(value, int)
        return value


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document ready to be written. `dimension` is None when none of its chunks has a vector."""

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
        return sum(chunk.live for chunk in self.chunks)

    def releasing(self, fingerprints: Collection[int]) -> Prepared:
        """This document with the chunks of these fingerprints out of quarantine."""
        chunks = tuple(_released(one) if one.fingerprint in fingerprints else one for one in self.chunks)
        live = sum(chunk.live for chunk in chunks)
        row = {**self.row, "chunks": live, "quarantined": len(chunks) - live}
        return replace(self, chunks=chunks, row=row)


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
        "origin": clean(new.origin),
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
        "findings": [[f.reason, clean(f.text), f.start, f.end] for f in chunk.findings] or None,
        "fingerprint": fingerprint(chunk.headings, passage),
        "duplicate_of": chunk.duplicate_of,
        "context": clean(chunk.context),
    }
    signatures = tuple(dict.fromkeys(chunk.signatures))
    if chunk.dense.size == 0:
        return PreparedChunk(row, None, None, signatures)
    return PreparedChunk(row, packed(chunk.dense), chunk.tokens, signatures)


def _released(chunk: PreparedChunk) -> PreparedChunk:
    return replace(chunk, row={**chunk.row, "quarantine": None}) if chunk.dense is not None else chunk


def _check(chunks: Sequence[NewChunk], text: str) -> int | None:
    for ordinal, chunk in enumerate(chunks):
        if chunk.ordinal != ordinal or not 0 <= chunk.start < chunk.end <= len(text):
            raise InvalidInput(
                f"Chunk {ordinal} has ordinal {chunk.ordinal} and span {chunk.start}:{chunk.end} "
                f"in a text of {len(text)} characters.",
                code="invalid_chunk",
            )
    encoded = [chunk.dense for chunk in chunks if chunk.quarantine is None or chunk.dense.size]
    return check_vectors(encoded) if encoded else None


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
