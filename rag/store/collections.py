"""Collections: made, listed, bound to an encoder, deleted."""

from __future__ import annotations

import re

import sqlalchemy as sa

from rag.errors import Conflict, IndexMismatch, InvalidInput, NotFound
from rag.store.database import Part, Row, insert_once, now
from rag.store.schema import (
    changes,
    collections,
    documents,
    job_items,
    job_payloads,
    jobs,
    models,
    profiles,
    releases,
    samples,
)
from rag.store.values import clean
from rag.types import BoundEncoder, Collection, Operation

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Collections(Part):
    """The collections: made, listed, bound to an encoder, deleted."""

    def create(self, name: str, description: str = "") -> Collection:
        """Make an empty collection.

        Raises InvalidInput `invalid_collection_name`, Conflict `collection_exists`. A name that was used
        before goes on with the old log, so `version` need not start at 0.
        """
        if not _NAME.fullmatch(name):
            raise InvalidInput(
                "A name is 1 to 64 letters, digits, '.', '_' or '-', and begins with a letter or digit.",
                code="invalid_collection_name",
            )
        with self._db.write() as connection:
            if not _make(connection, name, clean(description)):
                raise Conflict(f"There already is a collection {name!r}.", code="collection_exists")
            return _read(connection, name)

    def all(self) -> list[Collection]:
        """Every collection, by name."""
        with self._db.read() as connection:
            return [_collection(row) for row in connection.execute(_EVERY.order_by(collections.c.name))]

    def get(self, name: str) -> Collection:
        """One collection; raises NotFound `collection_not_found`."""
        with self._db.read() as connection:
            return _read(connection, name)

    def delete(self, name: str) -> None:
        """Delete a collection with all its documents, and cancel its open jobs; raises NotFound."""
        with self._db.write() as connection:
            row = live(connection, name, lock=True)
            _log_deletions(connection, row)
            connection.execute(sa.delete(documents).where(documents.c.collection_id == row.id))
            connection.execute(sa.delete(profiles).where(profiles.c.collection_id == row.id))
            connection.execute(sa.delete(releases).where(releases.c.collection_id == row.id))
            connection.execute(sa.delete(samples).where(samples.c.collection_id == row.id))
            _mark_deleted(connection, row)
            _drop_jobs(connection, name)

    def bind(self, collection: str, model: str, revision: str, dimension: int) -> None:
        """Record the collection's encoder; raises IndexMismatch when it already has another."""
        with self._db.read() as connection:
            bound = _model(connection, live(connection, collection).model_id)
            if bound == (model, revision, dimension):
                return
        with self._db.write() as connection:
            bind(connection, live(connection, collection, lock=True), model, revision, dimension)

    def bound(self, collection: str) -> tuple[str, str, int] | None:
        """The encoder's (name, revision, dimension), or None while nothing was embedded."""
        with self._db.read() as connection:
            return _model(connection, live(connection, collection).model_id)


def live(connection: sa.Connection, name: str, *, lock: bool = False) -> Row:
    """The collection's row; raises NotFound. With `lock`, the collection's other writers wait for this one.

    The lock is what makes the change log gapless on PostgreSQL: sequences are given out, and so committed,
    one after another.
    """
    query = sa.select(collections).where(collections.c.name == name, ~collections.c.deleted)
    if lock:
        query = query.with_for_update(key_share=True)
    row = connection.execute(query).one_or_none() if _NAME.fullmatch(name) else None
    if row is None:
        raise not_found(name)
    return row


def not_found(name: str) -> NotFound:
    """The error for a collection that does not exist."""
    return NotFound(f"There is no collection {clean(name)[:80]!r}.", code="collection_not_found")


def is_name(name: str) -> bool:
    """Whether a collection can have this name."""
    return _NAME.fullmatch(name) is not None


def bind(connection: sa.Connection, row: Row, model: str, revision: str, dimension: int) -> int:
    """The id of the locked collection's model, recorded if it has none; raises IndexMismatch for another."""
    bound = _model(connection, row.model_id)
    if bound is not None and bound != (model, revision, dimension):
        raise _mismatch(row.name, bound, (model, revision, dimension))
    if bound is not None:
        return int(row.model_id)
    found = model_id(connection, row.name, model, revision, dimension)
    connection.execute(sa.update(collections).where(collections.c.id == row.id).values(model_id=found))
    return found


def model_id(connection: sa.Connection, collection: str, model: str, revision: str, dimension: int) -> int:
    """The id of a model, recorded if it is new; raises IndexMismatch when it has another dimension."""
    insert_once(connection, models, name=model, revision=revision, dimension=dimension)
    query = sa.select(models).where(models.c.name == model, models.c.revision == revision)
    found = connection.execute(query).one()
    if found.dimension != dimension:
        raise _mismatch(collection, (model, revision, found.dimension), (model, revision, dimension))
    return int(found.id)


def advance(
    connection: sa.Connection, row: Row, document: str, operation: Operation, *, documents: int, chunks: int
) -> int:
    """Log a change of the locked collection, count `documents` and `chunks` more; the change's sequence."""
    sequence = int(row.version) + 1
    connection.execute(
        sa.update(collections)
        .where(collections.c.id == row.id)
        .values(
            version=sequence,
            documents=collections.c.documents + documents,
            chunks=collections.c.chunks + chunks,
        )
    )
    connection.execute(
        sa.insert(changes).values(
            collection_id=row.id, sequence=sequence, document_id=document, operation=operation
        )
    )
    return sequence


def _make(connection: sa.Connection, name: str, description: str) -> bool:
    fresh = {"description": description, "documents": 0, "chunks": 0, "created_at": now(), "deleted": False}
    if insert_once(connection, collections, name=name, version=0, **fresh):
        return True
    again = sa.update(collections).where(collections.c.name == name, collections.c.deleted).values(**fresh)
    return connection.execute(again).rowcount == 1


def _log_deletions(connection: sa.Connection, row: Row) -> None:
    rank = sa.func.row_number().over(order_by=documents.c.source)
    ready = sa.select(
        sa.literal(row.id), sa.literal(row.version) + rank, documents.c.id, sa.literal("delete")
    ).where(documents.c.collection_id == row.id, documents.c.status == "ready")
    columns = ["collection_id", "sequence", "document_id", "operation"]
    connection.execute(sa.insert(changes).from_select(columns, ready))


def _mark_deleted(connection: sa.Connection, row: Row) -> None:
    gone = {"deleted": True, "description": "", "documents": 0, "chunks": 0, "profile": 0}
    gone |= {"model_id": None, "next_model_id": None, "curation": None}
    connection.execute(
        sa.update(collections)
        .where(collections.c.id == row.id)
        .values(version=row.version + row.documents, **gone)
    )


def _drop_jobs(connection: sa.Connection, name: str) -> None:
    """Cancel what is open, and keep no upload of a deleted collection. Jobs are locked before their items."""
    unfinished = (jobs.c.collection == name) & jobs.c.status.in_(["queued", "running"])
    connection.execute(sa.update(jobs).where(jobs.c.collection == name).values(updated_at=now()))
    connection.execute(sa.update(jobs).where(unfinished).values(status="cancelled"))
    items = sa.select(job_items.c.id).join(jobs).where(jobs.c.collection == name)
    still_open = job_items.c.id.in_(items) & (job_items.c.state == "pending")
    connection.execute(sa.update(job_items).where(still_open).values(state="cancelled"))
    connection.execute(sa.delete(job_payloads).where(job_payloads.c.item_id.in_(items)))


def _model(connection: sa.Connection, key: int | None) -> tuple[str, str, int] | None:
    if key is None:
        return None
    row = connection.execute(sa.select(models).where(models.c.id == key)).one()
    return row.name, row.revision, row.dimension


def _mismatch(name: str, bound: tuple[str, str, int], given: tuple[str, str, int]) -> IndexMismatch:
    return IndexMismatch(
        f"Collection {name!r} was embedded with {bound[0]} (revision {bound[1]}, dimension {bound[2]}), "
        f"not with {given[0]} (revision {given[1]}, dimension {given[2]}). "
        "Use that model, re-embed the collection, or ingest into a new one."
    )


_EVERY = (
    sa.select(collections, models.c.name.label("model"), models.c.revision, models.c.dimension)
    .select_from(collections.outerjoin(models, models.c.id == collections.c.model_id))
    .where(~collections.c.deleted)
)
_ONE = _EVERY.where(collections.c.name == sa.bindparam("wanted"))


def _read(connection: sa.Connection, name: str) -> Collection:
    row = connection.execute(_ONE, {"wanted": name}).one_or_none() if _NAME.fullmatch(name) else None
    if row is None:
        raise not_found(name)
    return _collection(row)


def _collection(row: Row) -> Collection:
    encoder = None if row.model is None else BoundEncoder(row.model, row.revision, row.dimension)
    return Collection(
        row.name,
        row.description,
        row.version,
        row.documents,
        row.chunks,
        row.created_at,
        row.profile,
        row.generation,
        encoder,
    )
