"""The change log and what a replica needs to follow it."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from rag.store.collections import is_name, live, not_found
from rag.store.database import Part, Row
from rag.store.records import EmbeddedChunk
from rag.store.rows import CHUNK, CHUNK_WIDTH, sliced, to_chunk, to_vectors
from rag.store.schema import changes, chunks, collections, models, vectors
from rag.types import Change

_VERSION = sa.select(collections.c.version).where(
    collections.c.name == sa.bindparam("name"), ~collections.c.deleted
)

_EMBEDDED = (
    sa.select(*CHUNK, chunks.c.key, vectors.c.dense)
    .select_from(chunks.join(vectors).join(models))
    .where(chunks.c.document_id.in_(sa.bindparam("ids", expanding=True)), chunks.c.quarantine.is_(None))
    .where(models.c.name == sa.bindparam("model"), models.c.revision == sa.bindparam("revision"))
)


class Changes(Part):
    """The change log of each collection, and what replicas read to follow it."""

    def version(self, collection: str) -> int:
        """The sequence number of a collection's last change; raises NotFound `collection_not_found`."""
        with self._db.read() as connection:
            found = connection.scalar(_VERSION, {"name": collection}) if is_name(collection) else None
        if found is None:
            raise not_found(collection)
        return int(found)

    def after(self, collection: str, after: int, limit: int = 1000) -> list[Change]:
        """The changes with a sequence above `after`, at most `limit`: gapless and in commit order.

        The document of a put may have been replaced or deleted since; a later change then says so.
        """
        with self._db.read() as connection:
            row = live(connection, collection)
            query = (
                sa.select(changes.c.sequence, changes.c.document_id, changes.c.operation)
                .where(changes.c.collection_id == row.id, changes.c.sequence > after)
                .order_by(changes.c.sequence)
                .limit(limit)
            )
            return [Change(*change) for change in connection.execute(query)]

    def embedded(self, document_ids: Sequence[str], model: str, revision: str) -> list[EmbeddedChunk]:
        """The searchable chunks of these documents with their vectors under this model, in order of key.

        Documents that are gone, or were embedded with another model, have none.
        """
        found: list[Row] = []
        with self._db.read() as connection:
            for part in sliced(document_ids, 200):
                wanted = {"ids": part, "model": model, "revision": revision}
                found += connection.execute(_EMBEDDED, wanted).all()
        if not found:
            return []
        found.sort(key=lambda row: row.key)
        dense = to_vectors([row.dense for row in found])
        return [
            EmbeddedChunk(row.key, to_chunk(row[:CHUNK_WIDTH]), vector)
            for row, vector in zip(found, dense, strict=True)
        ]
