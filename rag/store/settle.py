"""Chunks in and out of quarantine, inside the transaction that changes a document.

A chunk that waits as a duplicate must have its original in search: where that one goes, by deletion or by a
new version without it, the first that waits takes its place. All this is by fingerprint, so that a document
that is replaced but still has the passage frees nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from rag.store.collections import advance, live
from rag.store.database import Row
from rag.store.rows import sliced
from rag.store.schema import chunks, documents, releases, signatures, vectors

OWN_VECTOR = (vectors.c.chunk_key == chunks.c.key) & (vectors.c.model_id == documents.c.model_id)
"""A chunk's vector of its collection's encoder: another one may be about to take over."""
DUPLICATES = ("exact_duplicate", "near_duplicate")


def fingerprints(connection: sa.Connection, document: str) -> set[int]:
    """Those of a document's searchable chunks."""
    query = sa.select(chunks.c.fingerprint).where(
        chunks.c.document_id == document, chunks.c.quarantine.is_(None), chunks.c.fingerprint.is_not(None)
    )
    return set(connection.scalars(query))


def released(connection: sa.Connection, collection: int, document: str) -> set[int]:
    """The fingerprints that a person released in a document."""
    query = sa.select(releases.c.fingerprint).where(
        releases.c.collection_id == collection, releases.c.document_id == document
    )
    return set(connection.scalars(query))


def write_marks(
    connection: sa.Connection, collection: int, marks: Sequence[tuple[int, Sequence[int]]]
) -> None:
    """The marks of new chunks, by chunk key."""
    rows = [
        {"collection_id": collection, "mark": mark, "chunk_key": key} for key, each in marks for mark in each
    ]
    if rows:
        connection.execute(sa.insert(signatures), rows)


def settle(connection: sa.Connection, collection: str, originals: Collection[int]) -> None:
    """Release what waits as a duplicate of one of these fingerprints while no searchable chunk has it.

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
    release(connection, collection, freed)


def release(connection: sa.Connection, collection: str, freed: Sequence[Row]) -> None:
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
