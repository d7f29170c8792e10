"""Rows of the tables as the dataclasses that leave the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

import numpy as np
import sqlalchemy as sa

from rag.errors import InvalidInput
from rag.store.database import Row
from rag.store.records import Floats
from rag.store.schema import chunks, collections, documents
from rag.types import Chunk, Document, DocumentRecord, Finding, Page

T = TypeVar("T")

# Each needs a join of documents with collections.
DOCUMENT = (
    documents.c.id,
    collections.c.name.label("collection"),
    documents.c.source,
    documents.c.title,
    documents.c.media_type,
    documents.c.text_sha256,
    documents.c.pages,
    documents.c.metadata,
)
RECORD = (
    *DOCUMENT,
    documents.c.status,
    documents.c.error_code,
    documents.c.error_message,
    documents.c.chunks,
    documents.c.quarantined,
    documents.c.characters,
    documents.c.created_at,
    documents.c.updated_at,
)
CHUNK = (
    chunks.c.id,
    chunks.c.document_id,
    chunks.c.ordinal,
    chunks.c.start_offset,
    chunks.c.end_offset,
    chunks.c.page,
    chunks.c.headings,
    chunks.c.text,
    chunks.c.findings,
)
CHUNK_WIDTH = len(CHUNK)

MAX_LIMIT = 1000
"""Rows of a page that a caller can ask for."""


def select_documents(*columns: sa.ColumnElement[Any]) -> sa.Select[*tuple[Any, ...]]:
    """A query of documents with their collections."""
    return sa.select(*columns).select_from(documents.join(collections))


def to_document(row: Row) -> Document:
    """From the columns of DOCUMENT, which must come first."""
    key, collection, source, title, media_type, sha256, pages, metadata = row[:8]
    spans = tuple(Page(*page) for page in pages)
    return Document(key, collection, source, title, media_type, sha256, spans, metadata)


def to_record(row: Row) -> DocumentRecord:
    """From the columns of RECORD."""
    return DocumentRecord(to_document(row), *row[8:])


def to_chunk(row: Sequence[Any]) -> Chunk:
    """From the columns of CHUNK alone."""
    key, document, ordinal, start, end, page, headings, text, findings = row
    found = tuple(Finding(*finding) for finding in findings or ())
    return Chunk(key, document, ordinal, start, end, page, tuple(headings), text, found)


def to_vectors(blobs: Sequence[bytes]) -> Floats:
    """Stored half-precision vectors as one float32 matrix (len(blobs), dim)."""
    packed = np.frombuffer(b"".join(blobs), dtype=np.float16)
    return packed.reshape(len(blobs), -1).astype(np.float32)


def sliced(items: Iterable[T], size: int = 1000) -> Iterator[list[T]]:
    """The items in lists of at most `size`: SQLite takes 32,766 parameters, and long lists plan badly."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def check_limit(limit: int) -> None:
    """Raises InvalidInput `invalid_limit` unless it is 1 to 1000."""
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidInput(f"limit must be between 1 and {MAX_LIMIT}, not {limit}.", code="invalid_limit")


def bad_cursor() -> InvalidInput:
    """What a cursor that leads nowhere raises."""
    return InvalidInput("The cursor is none that an earlier page gave.", code="invalid_cursor")


def every(page: Callable[[str | None], tuple[list[T], str | None]]) -> Iterator[T]:
    """The items of all pages; `page` gives that of a cursor, and the next one's."""
    items, cursor = page(None)
    yield from items
    while cursor is not None:
        items, cursor = page(cursor)
        yield from items
