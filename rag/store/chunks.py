"""What a search reads of its hits, by chunk key."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from rag.errors import NotFound
from rag.store.collections import live
from rag.store.database import Database, Part
from rag.store.records import Floats
from rag.store.rows import (
    CHUNK,
    CHUNK_WIDTH,
    DOCUMENT,
    select_documents,
    sliced,
    to_chunk,
    to_document,
    to_vectors,
)
from rag.store.schema import chunks, documents, models, token_vectors, vectors
from rag.store.values import clean
from rag.types import Chunk, Document

_REMEMBERED = 1000

# Built once: building a statement takes longer than running it.
_CHUNKS = (
    sa.select(*CHUNK, chunks.c.key, documents.c.sequence)
    .select_from(chunks.join(documents))
    .where(chunks.c.key.in_(sa.bindparam("keys", expanding=True)), chunks.c.quarantine.is_(None))
)
_OWNERS = select_documents(*DOCUMENT, documents.c.sequence).where(
    documents.c.id.in_(sa.bindparam("ids", expanding=True))
)
_TOKENS = (
    sa.select(token_vectors.c.chunk_key, token_vectors.c.packed)
    .join(models)
    .where(token_vectors.c.chunk_key.in_(sa.bindparam("keys", expanding=True)))
    .where(models.c.name == sa.bindparam("model"))
)
_VECTORS = (
    sa.select(vectors.c.chunk_key, vectors.c.dense)
    .join(models)
    .where(vectors.c.chunk_key.in_(sa.bindparam("keys", expanding=True)))
    .where(models.c.name == sa.bindparam("model"), models.c.revision == sa.bindparam("revision"))
)
_CONTEXTS = sa.select(chunks.c.key, chunks.c.context).where(
    chunks.c.key.in_(sa.bindparam("keys", expanding=True)), chunks.c.context.is_not(None)
)
_TOKENS_OF_REVISION = _TOKENS.where(models.c.revision == sa.bindparam("revision"))

Version = tuple[str, int]
"""A document's id and the log sequence of its present version."""


class Chunks(Part):
    """Chunks and their vectors by key: what a search reads of its hits."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._remembered = _Documents(_REMEMBERED)

    def hydrate(self, keys: Sequence[int]) -> dict[int, tuple[Chunk, Document]]:
        """The chunks behind these keys with their documents, in the order of `keys`; dead keys are absent."""
        found: dict[int, tuple[Chunk, Document]] = {}
        with self._db.read() as connection:
            for part in sliced(keys):
                rows = connection.execute(_CHUNKS, {"keys": part}).all()
                owners = self._owners(connection, {(row.document_id, row.sequence) for row in rows})
                for row in rows:
                    owner = owners.get((row.document_id, row.sequence))
                    # None: replaced since the first statement, which makes the key dead
                    if owner is not None:
                        found[row.key] = to_chunk(row[:CHUNK_WIDTH]), owner
        return {key: found[key] for key in keys if key in found}

    def key(self, collection: str, chunk_id: str) -> int:
        """The key of a searchable chunk by its id; raises NotFound `collection_not_found`, `chunk_not_found`.

        Reads through the collection's chunks: for a look at one hit, not for search.
        """
        with self._db.read() as connection:
            row = live(connection, collection)
            query = sa.select(chunks.c.key).select_from(chunks.join(documents))
            query = query.where(documents.c.collection_id == row.id, chunks.c.quarantine.is_(None))
            key = connection.scalar(query.where(chunks.c.id == clean(chunk_id)))
        if key is None:
            raise NotFound(f"There is no chunk {clean(chunk_id)[:80]!r} here.", code="chunk_not_found")
        return int(key)

    def token_vectors(self, keys: Sequence[int], model: str, revision: str | None = None) -> dict[int, bytes]:
        """The packed token vectors of these keys under this model (and revision); keys without are absent."""
        found: dict[int, bytes] = {}
        query = _TOKENS if revision is None else _TOKENS_OF_REVISION
        wanted = {"model": model} if revision is None else {"model": model, "revision": revision}
        with self._db.read() as connection:
            for part in sliced(keys):
                rows = connection.execute(query, {"keys": part, **wanted})
                found.update((key, bytes(packed)) for key, packed in rows)
        return found

    def contexts(self, keys: Sequence[int]) -> dict[int, str]:
        """What the encoder read in front of these chunks; absent where the store does not know."""
        found: dict[int, str] = {}
        with self._db.read() as connection:
            for part in sliced(keys):
                found.update((key, text) for key, text in connection.execute(_CONTEXTS, {"keys": part}))
        return found

    def vectors(self, keys: Sequence[int], model: str, revision: str) -> dict[int, Floats]:
        """The dense vectors (dim,) of these keys under this model; keys without one are absent."""
        found: dict[int, Floats] = {}
        with self._db.read() as connection:
            for part in sliced(keys):
                rows = connection.execute(
                    _VECTORS, {"keys": part, "model": model, "revision": revision}
                ).all()
                if rows:
                    dense = to_vectors([row.dense for row in rows])
                    found.update((row.chunk_key, vector) for row, vector in zip(rows, dense, strict=True))
        return found

    def _owners(self, connection: sa.Connection, versions: set[Version]) -> dict[Version, Document]:
        known = self._remembered.get(versions)
        missing = [id_ for id_, sequence in versions if (id_, sequence) not in known]
        if missing:
            rows = connection.execute(_OWNERS, {"ids": missing})
            read = {(row.id, row.sequence): to_document(row) for row in rows}
            self._remembered.add(read)
            known |= read
        return known

    def of(self, document_id: str) -> list[Chunk]:
        """A document's searchable chunks in order; none for an unknown id."""
        query = sa.select(*CHUNK).where(chunks.c.document_id == document_id, chunks.c.quarantine.is_(None))
        with self._db.read() as connection:
            return [to_chunk(row) for row in connection.execute(query.order_by(chunks.c.ordinal))]


class _Documents:
    """The documents read last. A version never changes, so nothing here grows stale; threads share it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Version, Document] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, versions: Iterable[Version]) -> dict[Version, Document]:
        with self._lock:
            found = {version: self._kept[version] for version in versions if version in self._kept}
            for version in found:
                self._kept.move_to_end(version)
        return found

    def add(self, documents: Mapping[Version, Document]) -> None:
        with self._lock:
            self._kept.update(documents)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
