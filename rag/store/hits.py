"""What a search reads of its hits, by chunk key."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from rag.store.database import Part
from rag.store.rows import CHUNK, DOCUMENT, select_documents, sliced, to_chunk, to_document
from rag.store.schema import chunks, documents, models, token_vectors
from rag.types import Chunk, Document


class Hits(Part):
    """What the store does for a search."""

    def hydrate(self, keys: Sequence[int]) -> dict[int, tuple[Chunk, Document]]:
        """The chunks behind these keys with their documents, in the order of `keys`; dead keys are absent."""
        found: dict[int, tuple[Chunk, Document]] = {}
        with self._db.read() as connection:
            for part in sliced(keys):
                found |= _hydrate(connection, part)
        return {key: found[key] for key in keys if key in found}

    def token_vectors(self, keys: Sequence[int], model: str, revision: str | None = None) -> dict[int, bytes]:
        """The packed token vectors of these keys under this model (and revision); keys without are absent."""
        query = sa.select(token_vectors.c.chunk_key, token_vectors.c.packed).join(models)
        query = query.where(models.c.name == model)
        if revision is not None:
            query = query.where(models.c.revision == revision)
        found: dict[int, bytes] = {}
        with self._db.read() as connection:
            for part in sliced(keys):
                rows = connection.execute(query.where(token_vectors.c.chunk_key.in_(part)))
                found |= {key: bytes(packed) for key, packed in rows}
        return found


def _hydrate(connection: sa.Connection, keys: Sequence[int]) -> dict[int, tuple[Chunk, Document]]:
    query = sa.select(*CHUNK, chunks.c.key, documents.c.sequence).select_from(chunks.join(documents))
    rows = connection.execute(query.where(chunks.c.key.in_(keys), chunks.c.quarantine.is_(None))).all()
    owners = _owners(connection, {row.document_id for row in rows})
    # Two statements are two snapshots: a document replaced in between no longer has the chunk.
    return {
        row.key: (to_chunk(row[:8]), owners[row.document_id][1])
        for row in rows
        if row.document_id in owners and owners[row.document_id][0] == row.sequence
    }


def _owners(connection: sa.Connection, ids: set[str]) -> dict[str, tuple[int, Document]]:
    query = select_documents(*DOCUMENT, documents.c.sequence).where(documents.c.id.in_(ids))
    return {row.id: (row.sequence, to_document(row)) for row in connection.execute(query)}
