"""Another encoder for a collection: its vectors are written beside the present ones until it takes over.

`collections.next_model_id` is set from the first such vector until every vector of another encoder than the
collection's own is gone again, so that whoever finds it set and no job at work knows what is to be cleared.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from rag.errors import Conflict
from rag.store.collections import live, model_id
from rag.store.database import Part, Row, insert_once
from rag.store.prepare import check_vectors, packed
from rag.store.records import NewVectors, UnembeddedChunk
from rag.store.rows import sliced
from rag.store.schema import chunks, collections, documents, jobs, models, token_vectors, vectors
from rag.types import BoundEncoder


class Reembedding(Part):
    """The vectors of an encoder that is to take over a collection, beside those in force."""

    def begin(self, collection: str, model: str, revision: str, dimension: int) -> None:
        """Name the encoder that is to take over. Again with the same one it does nothing.

        Raises NotFound `collection_not_found`, IndexMismatch, Conflict `reembedding` while vectors of a third
        encoder are there.
        """
        with self._db.write() as connection:
            row = live(connection, collection, lock=True)
            key = model_id(connection, collection, model, revision, dimension)
            if row.next_model_id not in (None, key):
                raise Conflict(f"Another encoder is to take over {collection!r}.", code="reembedding")
            connection.execute(_of(row).values(next_model_id=key))

    def running(self) -> dict[str, BoundEncoder]:
        """The collections that have or may have vectors of another encoder, and the one that was to take
        over.
        """
        columns = (models.c.name.label("model"), models.c.revision, models.c.dimension)
        query = sa.select(collections.c.name, *columns).join(
            models, models.c.id == collections.c.next_model_id
        )
        with self._db.read() as connection:
            return {row.name: BoundEncoder(*row[1:]) for row in connection.execute(query)}

    def unembedded(
        self, collection: str, model: str, revision: str, *, after: int = 0, limit: int = 256
    ) -> list[UnembeddedChunk]:
        """Chunks without a vector of this encoder, quarantined ones too, by rising key above `after`."""
        with self._db.read() as connection:
            row = live(connection, collection)
            lacking = _lacking(row, _model_key(connection, model, revision))
            query = lacking.where(chunks.c.key > after).order_by(chunks.c.key).limit(limit)
            return [
                UnembeddedChunk(
                    each.key, each.text, each.context, each.title, each.source, tuple(each.headings)
                )
                for each in connection.execute(query)
            ]

    def embedded(self, collection: str, model: str, revision: str) -> int:
        """How many chunks have a vector of this encoder."""
        with self._db.read() as connection:
            row = live(connection, collection)
            key = _model_key(connection, model, revision)
            query = sa.select(sa.func.count()).select_from(vectors.join(chunks).join(documents))
            query = query.where(documents.c.collection_id == row.id)
            return int(connection.scalar(query.where(vectors.c.model_id == key)) or 0)

    def add_vectors(self, collection: str, model: str, revision: str, new: Sequence[NewVectors]) -> int:
        """Write vectors of the encoder that is to take over; how many chunks were still there.

        Raises NotFound `collection_not_found`, Conflict `reembedding_ended` when no such encoder is named
        (any more), InvalidInput `invalid_vector`.
        """
        if new:
            check_vectors([one.dense for one in new])
        with self._db.write() as connection:
            row = live(connection, collection, lock=True)
            key = _model_key(connection, model, revision)
            if key is None or row.next_model_id != key:
                raise Conflict(f"{model} is not to take over {collection!r}.", code="reembedding_ended")
            there = _present(connection, row, [one.key for one in new])
            found = [one for one in new if one.key in there]
            for one in found:
                insert_once(connection, vectors, chunk_key=one.key, model_id=key, dense=packed(one.dense))
                if one.tokens is not None:
                    insert_once(connection, token_vectors, chunk_key=one.key, model_id=key, packed=one.tokens)
            return len(found)

    def switch(self, collection: str, model: str, revision: str, job: str) -> bool:
        """Make this the collection's encoder, if every chunk has a vector of it; whether it is.

        One transaction that no other writer of the collection comes between: what is put before it has the
        old encoder's vectors and makes this answer False, what is put after it needs the new one's. Raises
        NotFound `collection_not_found`, Conflict `reembedding_ended`, also when the job is not running.
        """
        with self._db.write() as connection:
            row = live(connection, collection, lock=True)
            key = _model_key(connection, model, revision)
            if row.model_id == key:
                return True
            status = connection.scalar(sa.select(jobs.c.status).where(jobs.c.id == job).with_for_update())
            if row.next_model_id != key or status != "running":
                raise Conflict(f"{model} is not to take over {collection!r}.", code="reembedding_ended")
            if connection.execute(_lacking(row, key).limit(1)).first() is not None:
                return False
            connection.execute(_of(row).values(model_id=key, generation=row.generation + 1))
            connection.execute(
                sa.update(documents)
                .where(documents.c.collection_id == row.id, documents.c.model_id.is_not(None))
                .values(model_id=key)
            )
            return True

    def drop_others(self, collection: str, limit: int = 500) -> bool:
        """Delete some vectors that are not of the collection's encoder; False when none are left, and the
        collection is then as if there had never been any.
        """
        with self._db.write() as connection:
            row = live(connection, collection, lock=True)
            dropped = sum(_drop(connection, row, table, limit) for table in (vectors, token_vectors))
            if not dropped:
                connection.execute(_of(row).values(next_model_id=None))
            return dropped > 0


def _of(row: Row) -> sa.Update:
    return sa.update(collections).where(collections.c.id == row.id)


def _model_key(connection: sa.Connection, model: str, revision: str) -> int | None:
    query = sa.select(models.c.id).where(models.c.name == model, models.c.revision == revision)
    return connection.scalar(query)


def _lacking(row: Row, model: int | None) -> sa.Select[tuple[int, str, str, str, str, list[str]]]:
    """The chunks of a collection that have no vector of this model. Quarantined ones count: a release needs
    theirs.
    """
    columns = (
        chunks.c.key, chunks.c.text, chunks.c.context, documents.c.title, documents.c.source,
        chunks.c.headings,
    )  # fmt: skip
    theirs = (vectors.c.chunk_key == chunks.c.key) & (vectors.c.model_id == model)
    return (
        sa.select(*columns)
        .select_from(chunks.join(documents).outerjoin(vectors, theirs))
        .where(documents.c.collection_id == row.id)
        .where(vectors.c.chunk_key.is_(None))
    )


def _present(connection: sa.Connection, row: Row, keys: Sequence[int]) -> set[int]:
    found: set[int] = set()
    for part in sliced(keys):
        query = sa.select(chunks.c.key).join(documents).where(documents.c.collection_id == row.id)
        found.update(connection.scalars(query.where(chunks.c.key.in_(part))))
    return found


def _drop(connection: sa.Connection, row: Row, table: sa.Table, limit: int) -> int:
    """Delete at most `limit` rows of encoders other than the collection's own."""
    other = table.c.model_id != (-1 if row.model_id is None else row.model_id)
    owned = (
        sa.select(table.c.chunk_key)
        .join(chunks, chunks.c.key == table.c.chunk_key)
        .join(documents)
        .where(documents.c.collection_id == row.id, other)
        .limit(limit)
    )
    return connection.execute(sa.delete(table).where(table.c.chunk_key.in_(owned), other)).rowcount
