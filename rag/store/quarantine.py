"""Quarantine: the chunks that are kept out of search, and how they come out of it again.

A chunk that waits as a duplicate must have its original in search: where that one goes, by deletion or by a
new version without it, the first that waits takes its place. All this is by fingerprint, so that a document
that is replaced but still has the passage frees nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import sqlalchemy as sa

from rag.errors import Conflict, NotFound
from rag.store.collections import advance, live
from rag.store.database import Part, Row, insert_once
from rag.store.records import QuarantinedChunk
from rag.store.rows import CHUNK, CHUNK_WIDTH, MAX_LIMIT, bad_cursor, check_limit, every, sliced, to_chunk
from rag.store.schema import chunks, documents, releases, signatures, vectors
from rag.store.values import clean
from rag.types import Reason

OWN_VECTOR = (vectors.c.chunk_key == chunks.c.key) & (vectors.c.model_id == documents.c.model_id)
"""A chunk's vector of its collection's encoder: another one may be about to take over."""
DUPLICATES = ("exact_duplicate", "near_duplicate")


class Quarantine(Part):
    """The chunks of a collection that are kept out of search: read in pages, and released by a person."""

    def of(self, document_id: str) -> list[QuarantinedChunk]:
        """A document's chunks that are kept out of search, in order."""
        query = _QUARANTINED.where(chunks.c.document_id == document_id).order_by(chunks.c.ordinal)
        with self._db.read() as connection:
            return [_quarantined_chunk(row) for row in connection.execute(query)]

    def page(
        self, collection: str, *, reason: Reason | None = None, limit: int = 50, cursor: str | None = None
    ) -> tuple[list[QuarantinedChunk], str | None]:
        """A page of what is kept out of search, oldest first, and the cursor of the next page or None.

        Raises NotFound `collection_not_found`, InvalidInput `invalid_limit` (1 to 1000), `invalid_cursor`.
        """
        check_limit(limit)
        query = _QUARANTINED.where(chunks.c.key > _key_of(cursor)).order_by(chunks.c.key).limit(limit + 1)
        if reason is not None:
            query = query.where(chunks.c.quarantine == reason)
        with self._db.read() as connection:
            here = documents.c.collection_id == live(connection, collection).id
            found = connection.execute(query.where(here, documents.c.quarantined > 0)).all()
        more = str(found[limit - 1].key) if len(found) > limit else None
        return [_quarantined_chunk(row) for row in found[:limit]], more

    def every(self, collection: str) -> Iterator[QuarantinedChunk]:
        """All that is kept out of search, oldest first; raises NotFound `collection_not_found`."""
        return every(lambda cursor: self.page(collection, limit=MAX_LIMIT, cursor=cursor))

    def release(self, collection: str, chunk_ids: Sequence[str]) -> int:
        """Make quarantined chunks searchable, for good: the same text of the same source stays so.

        All of them or none. Those that are searchable already are left alone; returns how many were not.
        Raises NotFound `collection_not_found`, `chunk_not_found`, Conflict `chunk_without_vectors`.
        """
        wanted = list(dict.fromkeys(clean(one) for one in chunk_ids))
        with self._db.write() as connection:
            row = live(connection, collection, lock=True)
            found = _by_id(connection, row.id, wanted)
            _check_found(collection, wanted, found)
            held = [one for one in found if one.quarantine is not None]
            for one in held:
                values = {"document_id": one.document_id, "fingerprint": one.fingerprint}
                insert_once(connection, releases, collection_id=row.id, **values)
            make_searchable(connection, collection, held)
            return len(held)


_QUARANTINED = (
    sa.select(*CHUNK, chunks.c.quarantine, documents.c.source, documents.c.title, chunks.c.key)
    .select_from(chunks.join(documents))
    .where(chunks.c.quarantine.is_not(None))
)


def searchable_fingerprints(connection: sa.Connection, document: str) -> set[int]:
    """Those of a document's searchable chunks."""
    query = sa.select(chunks.c.fingerprint).where(
        chunks.c.document_id == document, chunks.c.quarantine.is_(None), chunks.c.fingerprint.is_not(None)
    )
    return set(connection.scalars(query))


def released_fingerprints(connection: sa.Connection, collection: int, document: str) -> set[int]:
    """The fingerprints that a person released in a document."""
    query = sa.select(releases.c.fingerprint).where(
        releases.c.collection_id == collection, releases.c.document_id == document
    )
    return set(connection.scalars(query))


def write_signatures(
    connection: sa.Connection, collection: int, new: Sequence[tuple[int, Sequence[int]]]
) -> None:
    """Write the signatures of new chunks, given by chunk key."""
    rows = [
        {"collection_id": collection, "mark": value, "chunk_key": key}
        for key, values in new
        for value in values
    ]
    if rows:
        connection.execute(sa.insert(signatures), rows)


def release_orphans(connection: sa.Connection, collection: str, originals: Collection[int]) -> None:
    """Release the duplicates of these fingerprints whose original is not in search any more.

    Of several that wait for the same text only the first comes back; the others then wait for that one.
    """
    row = live(connection, collection, lock=True)
    known: dict[int, bool] = {}
    freed: list[Row] = []
    for waiting in _waiting(connection, row.id, originals):
        if _searchable(connection, row.id, waiting.duplicate_of, known):
            continue
        if _searchable(connection, row.id, waiting.fingerprint, known):
            _wait_for(connection, waiting.key, waiting.fingerprint)
        else:
            known[waiting.fingerprint] = True
            freed.append(waiting)
    make_searchable(connection, collection, freed)


def make_searchable(connection: sa.Connection, collection: str, freed: Sequence[Row]) -> None:
    """Make quarantined chunks (rows with key and document_id) searchable, and log their documents."""
    for part in sliced([row.key for row in freed]):
        connection.execute(sa.update(chunks).where(chunks.c.key.in_(part)).values(quarantine=None))
    for document in dict.fromkeys(row.document_id for row in freed):
        recount(connection, collection, document)


def recount(connection: sa.Connection, collection: str, document: str) -> None:
    """Count a document's chunks again, and log it for the replicas."""
    row = live(connection, collection, lock=True)
    of_it = sa.select(sa.func.count()).where(chunks.c.document_id == document)
    searched = connection.scalar(of_it.where(chunks.c.quarantine.is_(None))) or 0
    held = connection.scalar(of_it.where(chunks.c.quarantine.is_not(None))) or 0
    before = connection.scalar(sa.select(documents.c.chunks).where(documents.c.id == document)) or 0
    sequence = advance(connection, row, document, "put", documents=0, chunks=searched - before)
    values = {"chunks": searched, "quarantined": held, "sequence": sequence}
    connection.execute(sa.update(documents).where(documents.c.id == document).values(**values))


def _waiting(connection: sa.Connection, collection: int, originals: Collection[int]) -> list[Row]:
    found: list[Row] = []
    columns = chunks.c.key, chunks.c.document_id, chunks.c.fingerprint, chunks.c.duplicate_of
    for part in sliced(originals):
        query = sa.select(*columns).select_from(chunks.join(documents).join(vectors, OWN_VECTOR))
        held = chunks.c.duplicate_of.in_(part), chunks.c.quarantine.in_(DUPLICATES)
        found += connection.execute(query.where(documents.c.collection_id == collection, *held)).all()
    return sorted(found, key=lambda row: int(row.key))


def _searchable(connection: sa.Connection, collection: int, value: int, known: dict[int, bool]) -> bool:
    if value not in known:
        query = sa.select(chunks.c.key).select_from(chunks.join(documents)).limit(1)
        is_live = chunks.c.fingerprint == value, chunks.c.quarantine.is_(None)
        found = connection.scalar(query.where(documents.c.collection_id == collection, *is_live))
        known[value] = found is not None
    return known[value]


def _wait_for(connection: sa.Connection, key: int, original: int) -> None:
    connection.execute(sa.update(chunks).where(chunks.c.key == key).values(duplicate_of=original))


def _by_id(connection: sa.Connection, collection: int, ids: Sequence[str]) -> list[Row]:
    columns = (
        chunks.c.id, chunks.c.key, chunks.c.document_id, chunks.c.fingerprint, chunks.c.quarantine,
        vectors.c.chunk_key.label("vector"),
    )  # fmt: skip
    query = sa.select(*columns).select_from(chunks.join(documents).outerjoin(vectors, OWN_VECTOR))
    found: list[Row] = []
    for part in sliced(ids):
        chosen = documents.c.collection_id == collection, chunks.c.id.in_(part)
        found += connection.execute(query.where(*chosen)).all()
    return sorted(found, key=lambda row: int(row.key))


def _check_found(collection: str, wanted: Sequence[str], found: Sequence[Row]) -> None:
    missing = set(wanted) - {row.id for row in found}
    if missing:
        raise NotFound(f"There is no chunk {min(missing)[:80]!r} in {collection!r}.", code="chunk_not_found")
    bare = [row.id for row in found if row.quarantine is not None and row.vector is None]
    if bare:
        raise Conflict(
            f"Chunk {bare[0]} was stored without vectors; ingest its document again.",
            code="chunk_without_vectors",
        )


def _quarantined_chunk(row: Row) -> QuarantinedChunk:
    return QuarantinedChunk(to_chunk(row[:CHUNK_WIDTH]), row.quarantine, row.source, row.title)


def _key_of(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise bad_cursor()
    return int(cursor)
