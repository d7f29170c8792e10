"""A file that moved: its document gets the new source, and nothing is parsed or encoded again."""

from __future__ import annotations

from pathlib import PurePosixPath

import sqlalchemy as sa

from rag.store.collections import advance, live
from rag.store.database import Part, Row, now
from rag.store.forget import forget_quotes
from rag.store.ids import chunk_id, document_id
from rag.store.rows import sliced
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
from rag.store.text import check_source

_CANDIDATES = 20
_GONE_ELSEWHERE = "moved_away"


class Moves(Part):
    """What the store does with documents whose source moved."""

    def has_vanished(self, job_id: str, sha256: str) -> bool:
        """Whether a document with this content is still to be deleted by a job, as its source is missing."""
        query = sa.select(sa.literal(1)).select_from(job_items.join(jobs))
        query = query.where(jobs.c.id == job_id, *_to_delete(sha256)).limit(1)
        with self._db.read() as connection:
            return connection.scalar(query) is not None

    def move_document(self, job_id: str, source: str, sha256: str, media_type: str) -> bool:
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
