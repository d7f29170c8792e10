"""The transactions that change a document; each runs on the connection of one `Database.write`."""

from __future__ import annotations

import json

import sqlalchemy as sa

from rag.store.collections import advance, bind, live
from rag.store.database import Row, now
from rag.store.prepare import Prepared
from rag.store.quarantine import (
    release_orphans,
    released_fingerprints,
    searchable_fingerprints,
    write_signatures,
)
from rag.store.records import Put
from rag.store.schema import (
    chunks,
    collections,
    documents,
    models,
    sample_documents,
    sample_texts,
    texts,
    token_vectors,
    vectors,
)
from rag.store.values import document_id


def is_unchanged(connection: sa.Connection, new: Prepared) -> bool:
    """Whether the store already has this content, title, metadata and model, and no error beside it."""
    row = _present(connection, new.id)
    return row is not None and row.error_code is None and _same(row, new)


def write_document(connection: sa.Connection, new: Prepared) -> Put:
    """Write the document, its text, chunks and vectors, and log the change."""
    collection = live(connection, new.collection, lock=True)
    old = _present(connection, new.id)
    if old is not None and _same(old, new):
        _clear_error(connection, new.id)
        return "unchanged"
    new = new.releasing(released_fingerprints(connection, collection.id, new.id))
    gone = searchable_fingerprints(connection, new.id)
    model = collection.model_id
    if new.dimension is not None:
        model = bind(connection, collection, new.model, new.revision, new.dimension)
    was_ready = old is not None and old.status == "ready"
    sequence = advance(
        connection,
        collection,
        new.id,
        "put",
        documents=0 if was_ready else 1,
        chunks=new.live - (old.chunks if old is not None else 0),
    )
    _write_row(connection, new, {"sequence": sequence, "model_id": model}, collection.id, is_new=old is None)
    _write_chunks(connection, new, model, collection.id)
    release_orphans(connection, new.collection, gone | _repeated(new))
    return "replaced" if was_ready else "added"


def write_failure(
    connection: sa.Connection, collection: str, source: str, code: str, message: str, media_type: str
) -> None:
    """Record an error beside the ready version of a source, or as a row of its own; search sees no change."""
    row = live(connection, collection, lock=True)
    key = document_id(collection, source)
    error = {"error_code": code, "error_message": message, "updated_at": now()}
    present = connection.execute(sa.update(documents).where(documents.c.id == key).values(**error))
    if present.rowcount == 0:
        connection.execute(
            sa.insert(documents).values(
                **_BLANK, **error, id=key, collection_id=row.id, source=source, title=source,
                media_type=media_type, created_at=error["updated_at"],
            )
        )  # fmt: skip


def remove(connection: sa.Connection, key: str) -> bool:
    """Delete a document and log it; whether there was one."""
    owner = sa.select(collections.c.name).join(documents).where(documents.c.id == key)
    name = connection.scalar(owner)
    if name is None:
        return False
    collection = live(connection, name, lock=True)
    old = _present(connection, key)  # read again: another writer may have held the lock
    if old is None:
        return False
    gone = searchable_fingerprints(connection, key)
    forget_quotes(connection, key)
    connection.execute(sa.delete(documents).where(documents.c.id == key))
    if old.status == "ready":
        advance(connection, collection, key, "delete", documents=-1, chunks=-old.chunks)
        release_orphans(connection, name, gone)
    return True


_BLANK = {
    "text_sha256": "", "content_sha256": "", "pages": [], "metadata": {}, "sequence": 0, "status": "failed",
    "chunks": 0, "quarantined": 0, "characters": 0,
}  # fmt: skip


def _present(connection: sa.Connection, key: str) -> Row | None:
    columns = (
        documents.c.status, documents.c.content_sha256, documents.c.title, documents.c.metadata,
        documents.c.chunks, documents.c.error_code, models.c.name.label("model"), models.c.revision,
    )  # fmt: skip
    query = sa.select(*columns).select_from(documents.outerjoin(models)).where(documents.c.id == key)
    return connection.execute(query).one_or_none()


def _same(old: Row, new: Prepared) -> bool:
    return (
        old.status == "ready"
        and old.content_sha256 == new.content_sha256
        and old.title == new.title
        and (old.model is None or (old.model, old.revision) == (new.model, new.revision))
        # as text, since to Python 1, 1.0 and True are the same
        and json.dumps(old.metadata, sort_keys=True) == json.dumps(new.metadata, sort_keys=True)
    )


def _clear_error(connection: sa.Connection, key: str) -> None:
    values = {"error_code": None, "error_message": None, "updated_at": now()}
    connection.execute(sa.update(documents).where(documents.c.id == key).values(**values))


def _write_row(
    connection: sa.Connection, new: Prepared, place: dict[str, int | None], collection: int, *, is_new: bool
) -> None:
    values = {**new.row, **place, "updated_at": now()}
    if is_new:
        created = {"created_at": values["updated_at"], "collection_id": collection, "source": new.source}
        connection.execute(sa.insert(documents).values(id=new.id, **values, **created))
    else:
        forget_quotes(connection, new.id)
        connection.execute(sa.delete(texts).where(texts.c.document_id == new.id))
        connection.execute(sa.delete(chunks).where(chunks.c.document_id == new.id))
        connection.execute(sa.update(documents).where(documents.c.id == new.id).values(**values))
    connection.execute(sa.insert(texts).values(document_id=new.id, text=new.text))


def _repeated(new: Prepared) -> set[int]:
    """What the quarantined chunks repeat: it may have gone since they were looked at."""
    repeated = (chunk.row["duplicate_of"] for chunk in new.chunks if not chunk.live)
    return {value for value in repeated if isinstance(value, int)}


def _write_chunks(connection: sa.Connection, new: Prepared, model: int | None, collection: int) -> None:
    if not new.chunks:
        return
    connection.execute(sa.insert(chunks), [chunk.row for chunk in new.chunks])
    written = sa.select(chunks.c.key).where(chunks.c.document_id == new.id).order_by(chunks.c.ordinal)
    keyed = list(zip(connection.scalars(written), new.chunks, strict=True))
    dense = [
        {"chunk_key": key, "model_id": model, "dense": c.dense} for key, c in keyed if c.dense is not None
    ]
    packed = [
        {"chunk_key": key, "model_id": model, "packed": c.tokens} for key, c in keyed if c.tokens is not None
    ]
    for table, rows in ((vectors, dense), (token_vectors, packed)):
        if rows:
            connection.execute(sa.insert(table), rows)
    write_signatures(connection, collection, [(key, chunk.signatures) for key, chunk in keyed])


def forget_quotes(connection: sa.Connection, document: str) -> None:
    """Delete what samples say that have passages of this document; their numbers stay."""
    quoting = sa.select(sample_documents.c.sample_key).where(sample_documents.c.document_id == document)
    connection.execute(sa.delete(sample_texts).where(sample_texts.c.sample_key.in_(quoting)))
    connection.execute(sa.delete(sample_documents).where(sample_documents.c.document_id == document))
