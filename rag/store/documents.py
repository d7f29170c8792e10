"""Documents: put, failed, deleted, read."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator

import sqlalchemy as sa

from rag.errors import NotFound
from rag.store.collections import is_name, live
from rag.store.database import Part
from rag.store.ids import document_id
from rag.store.pages import MOST, bad_cursor, check_limit, every
from rag.store.prepare import prepare
from rag.store.records import NewDocument, Put
from rag.store.rows import CHUNK, DOCUMENT, RECORD, select_documents, sliced, to_chunk, to_document, to_record
from rag.store.schema import chunks, documents, texts
from rag.store.text import check_source, clean
from rag.store.write import is_unchanged, remove, write_document, write_failure
from rag.types import Chunk, Document, DocumentRecord, DocumentStatus

_ID = re.compile("[0-9a-f]{24}")


class Documents(Part):
    """What the store does with documents."""

    def put_document(self, new: NewDocument) -> Put:
        """Add or replace a document with everything of it, in one transaction with its row in the change log.

        `unchanged` when the stored one has the same content hash, title, metadata and model. Raises NotFound
        `collection_not_found`, IndexMismatch, and the InvalidInput of `rag.store.prepare.prepare`.
        """
        prepared = prepare(new)
        with self._db.read() as connection:
            if is_unchanged(connection, prepared):
                return "unchanged"
        with self._db.write() as connection:
            return write_document(connection, prepared)

    def fail_document(
        self, collection: str, source: str, code: str, message: str, media_type: str = ""
    ) -> None:
        """Record that a source could not be read; an earlier version stays as it is, the error beside it."""
        with self._db.write() as connection:
            write_failure(
                connection, collection, check_source(source), code, clean(message), clean(media_type)
            )

    def delete_document(self, id: str) -> None:  # noqa: A002 - the word of the API
        """Delete a document with everything of it; raises NotFound `document_not_found`."""
        with self._db.write() as connection:
            if not (_ID.fullmatch(id) and remove(connection, id)):
                raise _not_found(id)

    def document(self, id: str) -> DocumentRecord:  # noqa: A002
        """One document; raises NotFound `document_not_found`."""
        found = self._record(id)
        if found is None:
            raise _not_found(id)
        return found

    def find(self, collection: str, source: str) -> DocumentRecord | None:
        """The document of a source, or None. A collection that does not exist has none."""
        return self._record(document_id(collection, source)) if is_name(collection) else None

    def documents(
        self,
        collection: str,
        *,
        status: DocumentStatus | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> tuple[list[DocumentRecord], str | None]:
        """A page of documents in order of source (by code point), and the cursor of the next page or None.

        A page starts after the last source of the one before, so documents that come or go in between neither
        repeat nor hide others. Raises InvalidInput `invalid_limit` (1 to 1000), `invalid_cursor`.
        """
        check_limit(limit)
        query = select_documents(*RECORD).order_by(documents.c.source).limit(limit + 1)
        if cursor is not None:
            query = query.where(documents.c.source > _source_of(cursor))
        if status is not None:
            query = query.where(documents.c.status == status)
        with self._db.read() as connection:
            query = query.where(documents.c.collection_id == live(connection, collection).id)
            found = [to_record(row) for row in connection.execute(query)]
        more = len(found) > limit
        return found[:limit], _cursor_of(found[limit - 1].document.source) if more else None

    def every_document(
        self, collection: str, *, status: DocumentStatus | None = None
    ) -> Iterator[DocumentRecord]:
        """All documents, in order of source, a page in memory at a time; raises NotFound."""
        return every(lambda cursor: self.documents(collection, status=status, limit=MOST, cursor=cursor))

    def documents_by_id(self, ids: Iterable[str]) -> dict[str, Document]:
        """The documents that exist among `ids`."""
        found: dict[str, Document] = {}
        with self._db.read() as connection:
            for part in sliced(ids):
                query = select_documents(*DOCUMENT).where(documents.c.id.in_(part))
                found |= {row.id: to_document(row) for row in connection.execute(query)}
        return found

    def sources(self, collection: str) -> dict[str, str]:
        """Every source of a collection with the hash of its stored content, empty where it never was read."""
        with self._db.read() as connection:
            row = live(connection, collection)
            query = sa.select(documents.c.source, documents.c.content_sha256).order_by(documents.c.source)
            found = connection.execute(query.where(documents.c.collection_id == row.id))
            return {each.source: each.content_sha256 for each in found}

    def content_sha256(self, id: str) -> str:  # noqa: A002
        """The hash of a document's stored content, empty where it never was read or does not exist."""
        query = sa.select(documents.c.content_sha256).where(documents.c.id == id)
        with self._db.read() as connection:
            return (connection.scalar(query) or "") if _ID.fullmatch(id) else ""

    def origin(self, id: str) -> str:  # noqa: A002
        """What the remote store that a document's content came from said of its version; empty otherwise."""
        query = sa.select(documents.c.origin).where(documents.c.id == id)
        with self._db.read() as connection:
            return (connection.scalar(query) or "") if _ID.fullmatch(id) else ""

    def set_origin(self, id: str, origin: str) -> None:  # noqa: A002
        """Record what a remote store says of a version whose content turned out to be the stored one."""
        change = sa.update(documents).where(documents.c.id == id).values(origin=clean(origin))
        with self._db.write() as connection:
            connection.execute(change)

    def text(self, id: str) -> str:  # noqa: A002
        """A document's extracted text, empty for a failed one; raises NotFound `document_not_found`."""
        query = sa.select(documents.c.id, texts.c.text).outerjoin(texts).where(documents.c.id == id)
        with self._db.read() as connection:
            row = connection.execute(query).one_or_none() if _ID.fullmatch(id) else None
        if row is None:
            raise _not_found(id)
        return row.text or ""

    def chunks(self, document_id: str) -> list[Chunk]:
        """A document's searchable chunks in order; none for an unknown id."""
        query = sa.select(*CHUNK).where(chunks.c.document_id == document_id, chunks.c.quarantine.is_(None))
        with self._db.read() as connection:
            return [to_chunk(row) for row in connection.execute(query.order_by(chunks.c.ordinal))]

    def _record(self, key: str) -> DocumentRecord | None:
        query = select_documents(*RECORD).where(documents.c.id == key)
        with self._db.read() as connection:
            row = connection.execute(query).one_or_none() if _ID.fullmatch(key) else None
        return None if row is None else to_record(row)


def _not_found(key: str) -> NotFound:
    return NotFound(f"There is no document {clean(key)[:80]!r}.", code="document_not_found")


def _cursor_of(source: str) -> str:
    return base64.urlsafe_b64encode(source.encode()).decode().rstrip("=")


def _source_of(cursor: str) -> str:
    try:
        source = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        raise bad_cursor() from None
    if not source or clean(source) != source:
        raise bad_cursor()
    return source
