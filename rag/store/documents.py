"""Documents: put, failed, deleted, read."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

import sqlalchemy as sa

from rag.errors import NotFound
from rag.store.collections import advance, is_name, live
from rag.store.database import Part, Row, now
from rag.store.prepare import prepare
from rag.store.records import NewDocument, Put
from rag.store.rows import (
    DOCUMENT,
    MAX_LIMIT,
    RECORD,
    bad_cursor,
    check_limit,
    every,
    select_documents,
    sliced,
    to_document,
    to_record,
)
from rag.store.schema import (
    chunks,
    documents,
    job_items,
    jobs,
    releases,
    signatures,
    texts,
    token_vectors,
    vectors,
)
from rag.store.values import check_source, chunk_id, clean, document_id
from rag.store.write import forget_quotes, is_unchanged, remove, write_document, write_failure
from rag.types import Document, DocumentRecord, DocumentStatus

_ID = re.compile("[0-9a-f]{24}")

_CANDIDATES = 20
_GONE_ELSEWHERE = "moved_away"


class Documents(Part):
    """The documents: put, failed, moved, deleted, read."""

    def put(self, new: NewDocument) -> Put:
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

    def fail(self, collection: str, source: str, code: str, message: str, media_type: str = "") -> None:
        """Record that a source could not be read; an earlier version stays as it is, the error beside it."""
        with self._db.write() as connection:
            write_failure(
                connection, collection, check_source(source), code, clean(message), clean(media_type)
            )

    def delete(self, id: str) -> None:  # noqa: A002 - the word of the API
        """Delete a document with everything of it; raises NotFound `document_not_found`."""
        with self._db.write() as connection:
            if not (_ID.fullmatch(id) and remove(connection, id)):
                raise _not_found(id)

    def get(self, id: str) -> DocumentRecord:  # noqa: A002
        """One document; raises NotFound `document_not_found`."""
        found = self._record(id)
        if found is None:
            raise _not_found(id)
        return found

    def find(self, collection: str, source: str) -> DocumentRecord | None:
        """The document of a source, or None. A collection that does not exist has none."""
        return self._record(document_id(collection, source)) if is_name(collection) else None

    def page(
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

    def every(self, collection: str, *, status: DocumentStatus | None = None) -> Iterator[DocumentRecord]:
        """All documents, in order of source, a page in memory at a time; raises NotFound."""
        return every(lambda cursor: self.page(collection, status=status, limit=MAX_LIMIT, cursor=cursor))

    def by_id(self, ids: Iterable[str]) -> dict[str, Document]:
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

    def _record(self, key: str) -> DocumentRecord | None:
        query = select_documents(*RECORD).where(documents.c.id == key)
        with self._db.read() as connection:
            row = connection.execute(query).one_or_none() if _ID.fullmatch(key) else None
        return None if row is None else to_record(row)

    def has_vanished(self, job_id: str, sha256: str) -> bool:
        """Whether a document with this content is still to be deleted by a job, as its source is missing."""
        query = sa.select(sa.literal(1)).select_from(job_items.join(jobs))
        query = query.where(jobs.c.id == job_id, *_to_delete(sha256)).limit(1)
        with self._db.read() as connection:
            return connection.scalar(query) is not None

    def move(self, job_id: str, source: str, sha256: str, media_type: str) -> bool:
        """Give `source` the document of a vanished source with this content; whether there was one.

        The vanished source is one that the job has still to delete; its item then counts no more. Text,
        chunks and vectors stay what they are, under new ids: to replicas the old document is deleted and a
        new one put, in one transaction. Nothing is done when `source` has a document that is ready. Raises
        InvalidInput `invalid_source`, NotFound `collection_not_found`.
        """
        check_source(source)
        with self._db.write() as connection:
            job = connection.execute(sa.select(jobs).where(jobs.c.id == job_id)).one_or_none()
            if job is None:
                return False
            collection = live(connection, job.collection, lock=True)
            old = _candidate(connection, job.key, collection.id, source, sha256, media_type)
            key = document_id(job.collection, source)
            if old is None or not _make_room(connection, key):
                return False
            _move(connection, job.collection, old, source, key)
            _leave(connection, job.key, old.source)
            return True


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


def _to_delete(sha256: str) -> tuple[sa.ColumnElement[bool], ...]:
    """The items that delete a document of this content; an index holds just these."""
    item = job_items.c
    return item.sha256 == sha256, item.path.is_(None), item.sha256 != "", item.state == "pending"


def _candidate(
    connection: sa.Connection, job: int, collection: int, source: str, sha256: str, media_type: str
) -> Row | None:
    """The vanished document to move: one of the same name if there is one."""
    vanished = sa.select(job_items.c.source).where(job_items.c.job_key == job, *_to_delete(sha256))
    named = connection.scalars(vanished.order_by(job_items.c.id).limit(_CANDIDATES)).all()
    query = sa.select(documents).where(
        documents.c.collection_id == collection,
        documents.c.source.in_(named),
        documents.c.status == "ready",
        documents.c.error_code.is_(None),
        documents.c.content_sha256 == sha256,
        documents.c.media_type == media_type,
    )
    found = connection.execute(query.order_by(documents.c.source)).all()
    name = PurePosixPath(source).name
    return min(found, key=lambda row: PurePosixPath(row.source).name != name, default=None)


def _make_room(connection: sa.Connection, key: str) -> bool:
    """Remove a failed row of the new source; whether it is free."""
    failed = (documents.c.id == key) & (documents.c.status == "failed")
    connection.execute(sa.delete(documents).where(failed))
    return connection.scalar(sa.select(documents.c.id).where(documents.c.id == key)) is None


def _move(connection: sa.Connection, collection: str, old: Row, source: str, key: str) -> None:
    deleted, put = {"documents": -1, "chunks": -old.chunks}, {"documents": 1, "chunks": old.chunks}
    advance(connection, live(connection, collection), old.id, "delete", **deleted)
    sequence = advance(connection, live(connection, collection), key, "put", **put)
    names = PurePosixPath(old.source).name, PurePosixPath(source).name
    changed = {
        "id": key,
        "source": source,
        "title": names[1] if old.title == names[0] else old.title,
        "sequence": sequence,
        "updated_at": now(),
    }
    connection.execute(sa.insert(documents).values({**old._mapping, **changed}))
    connection.execute(sa.update(texts).where(texts.c.document_id == old.id).values(document_id=key))
    _copy_chunks(connection, old.id, key)
    connection.execute(sa.update(releases).where(releases.c.document_id == old.id).values(document_id=key))
    forget_quotes(connection, old.id)
    connection.execute(sa.delete(documents).where(documents.c.id == old.id))


def _copy_chunks(connection: sa.Connection, old: str, new: str) -> None:
    """The chunks under keys of their own, as a key is never used again, with copies of their vectors."""
    query = sa.select(chunks).where(chunks.c.document_id == old).order_by(chunks.c.ordinal)
    for part in sliced(connection.execute(query).all()):
        rows = [dict(row._mapping) for row in part]
        for row in rows:
            del row["key"]
            row |= {"document_id": new, "id": chunk_id(new, row["ordinal"], row["text"])}
        connection.execute(sa.insert(chunks), rows)
    before, after = chunks.alias("before"), chunks.alias("after")
    pairs = before.join(after, before.c.ordinal == after.c.ordinal)
    for table in (vectors, token_vectors, signatures):
        others = [column for column in table.c if column.name != "chunk_key"]
        copied = (
            sa.select(after.c.key, *others)
            .select_from(pairs.join(table, table.c.chunk_key == before.c.key))
            .where(before.c.document_id == old, after.c.document_id == new)
        )
        names = ["chunk_key", *(column.name for column in others)]
        connection.execute(sa.insert(table).from_select(names, copied))


def _leave(connection: sa.Connection, job: int, source: str) -> None:
    """End the item that would have deleted the document; it is counted with the one it moved to."""
    connection.execute(sa.update(jobs).where(jobs.c.key == job).values(updated_at=now()))
    item = (job_items.c.job_key == job) & (job_items.c.source == source) & job_items.c.path.is_(None)
    ended = {"state": "done", "outcome": _GONE_ELSEWHERE}
    connection.execute(sa.update(job_items).where(item).values(**ended))
