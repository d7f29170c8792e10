"""Curation: each collection's policy, what is alike, what is in quarantine and how it comes out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import get_args

import sqlalchemy as sa

from rag.errors import Conflict, NotFound
from rag.store.collections import live
from rag.store.database import Part, Row, insert_once
from rag.store.records import Alike, QuarantinedChunk
from rag.store.rows import CHUNK, CHUNK_WIDTH, MOST, bad_cursor, check_limit, every, sliced, to_chunk
from rag.store.schema import chunks, collections, documents, job_findings, releases, signatures, vectors
from rag.store.settle import DUPLICATES, OWN_VECTOR, recount, release, settle
from rag.store.text import clean
from rag.types import Action, CurationPolicy, Reason

_SETTLED = frozenset(DUPLICATES)


class Curation(Part):
    """What the store does for curation."""

    def policy(self, collection: str) -> CurationPolicy:
        """The policy of a collection; raises NotFound `collection_not_found`."""
        with self._db.read() as connection:
            return to_policy(live(connection, collection).curation)

    def set_policy(self, collection: str, policy: CurationPolicy) -> None:
        """Set the policy, and follow it at once with what was found before; raises NotFound.

        Reasons that were kept before have not been looked for: those documents have to be ingested again.
        """
        with self._db.write() as connection:
            row = live(connection, collection, lock=True)
            change = sa.update(collections).where(collections.c.id == row.id)
            connection.execute(change.values(curation=_from_policy(policy)))
            _follow(connection, row, policy)

    def alike(self, collection: str, document_id: str, marks: Sequence[int]) -> list[Alike]:
        """The chunks of the collection's other documents that have one of these marks, oldest first."""
        found: list[Row] = []
        columns = (
            signatures.c.mark,
            signatures.c.chunk_key,
            chunks.c.document_id,
            chunks.c.fingerprint,
            chunks.c.quarantine.is_(None),
        )
        query = sa.select(*columns).select_from(
            signatures.join(chunks, signatures.c.chunk_key == chunks.c.key)
        )
        with self._db.read() as connection:
            here = signatures.c.collection_id == live(connection, collection).id
            for part in sliced(dict.fromkeys(marks)):
                others = signatures.c.mark.in_(part), chunks.c.document_id != document_id
                found += connection.execute(query.where(here, *others)).all()
        alike = [Alike(mark, key, owner, value, bool(free)) for mark, key, owner, value, free in found]
        return sorted(alike, key=lambda one: one.key)

    def quarantined(self, document_id: str) -> list[QuarantinedChunk]:
        """A document's chunks that are kept out of search, in order."""
        query = _QUARANTINED.where(chunks.c.document_id == document_id).order_by(chunks.c.ordinal)
        with self._db.read() as connection:
            return [_held(row) for row in connection.execute(query)]

    def quarantine(
        self, collection: str, *, reason: Reason | None = None, limit: int = 50, cursor: str | None = None
    ) -> tuple[list[QuarantinedChunk], str | None]:
        """A page of what is kept out of search, oldest first, and the cursor of the next page or None.

        Raises NotFound `collection_not_found`, InvalidInput `invalid_limit` (1 to 1000), `invalid_cursor`.
        """
        check_limit(limit)
        query = _QUARANTINED.where(chunks.c.key > _after(cursor)).order_by(chunks.c.key).limit(limit + 1)
        if reason is not None:
            query = query.where(chunks.c.quarantine == reason)
        with self._db.read() as connection:
            here = documents.c.collection_id == live(connection, collection).id
            found = connection.execute(query.where(here, documents.c.quarantined > 0)).all()
        more = str(found[limit - 1].key) if len(found) > limit else None
        return [_held(row) for row in found[:limit]], more

    def every_quarantined(self, collection: str) -> Iterator[QuarantinedChunk]:
        """All that is kept out of search, oldest first; raises NotFound `collection_not_found`."""
        return every(lambda cursor: self.quarantine(collection, limit=MOST, cursor=cursor))

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
            release(connection, collection, held)
            return len(held)


_QUARANTINED = (
    sa.select(*CHUNK, chunks.c.quarantine, documents.c.source, documents.c.title, chunks.c.key)
    .select_from(chunks.join(documents))
    .where(chunks.c.quarantine.is_not(None))
)


def to_policy(stored: Mapping[str, str | list[str]] | None) -> CurationPolicy:
    """The policy of a collection's row; what it does not say is as by default."""
    given = stored or {}
    actions: dict[str, Action] = {}
    for name, value in given.items():
        for action in get_args(Action):
            if value == action and name in _REASONS:
                actions[name] = action
    return CurationPolicy(**actions, languages=tuple(given.get("languages", ())))


_REASONS = frozenset(field.name for field in fields(CurationPolicy)) - {"languages"}


def count_findings(connection: sa.Connection, job_key: int, counts: Mapping[Reason, int]) -> None:
    """Add to what was found in a job."""
    for reason, number in counts.items():
        row = (job_findings.c.job_key == job_key) & (job_findings.c.reason == reason)
        more = sa.update(job_findings).where(row).values(chunks=job_findings.c.chunks + number)
        if not insert_once(connection, job_findings, job_key=job_key, reason=reason, chunks=number):
            connection.execute(more)


def findings_of(connection: sa.Connection, keys: Sequence[int]) -> dict[int, dict[Reason, int]]:
    """What was found in these jobs: chunks by reason, the most frequent first."""
    found: dict[int, dict[Reason, int]] = {}
    query = sa.select(job_findings).where(job_findings.c.job_key.in_(keys))
    for row in connection.execute(query.order_by(job_findings.c.chunks.desc(), job_findings.c.reason)):
        found.setdefault(row.job_key, {})[row.reason] = int(row.chunks)
    return found


def _from_policy(policy: CurationPolicy) -> dict[str, str | list[str]]:
    actions: dict[str, str | list[str]] = {reason: policy.action(reason) for reason in get_args(Reason)}
    return {**actions, "languages": list(policy.languages)}


def _follow(connection: sa.Connection, collection: Row, policy: CurationPolicy) -> None:
    """Quarantine, flag or forget what was found so far, by the policy; documents that change are logged."""
    let_through = _released_everywhere(connection, collection.id)
    touched: dict[str, None] = {}
    originals: set[int] = set()
    for row in _found(connection, collection.id):
        kept = [finding for finding in row.findings if policy.action(finding[0]) != "keep"]
        quarantine = _quarantine(policy, row, (row.document_id, row.fingerprint) in let_through)
        if quarantine == row.quarantine and len(kept) == len(row.findings):
            continue
        change = sa.update(chunks).where(chunks.c.key == row.key)
        connection.execute(change.values(quarantine=quarantine, findings=kept or None))
        touched[row.document_id] = None
        if quarantine in _SETTLED and row.duplicate_of is not None:
            originals.add(row.duplicate_of)
        if quarantine is not None and row.quarantine is None:
            originals.add(row.fingerprint)
    for document in touched:
        recount(connection, collection.name, document)
    settle(connection, collection.name, originals)


def _quarantine(policy: CurationPolicy, row: Row, let_through: bool) -> str | None:
    """What a chunk is in quarantine for under this policy; one without vectors stays where it is."""
    if row.vector is None:
        return None if row.quarantine is None else str(row.quarantine)
    reasons = [finding[0] for finding in row.findings if policy.action(finding[0]) == "quarantine"]
    return None if let_through else first_reason(reasons)


def first_reason(reasons: Sequence[Reason]) -> Reason | None:
    """The one that a quarantine names, in the order of `Reason`."""
    return next((reason for reason in get_args(Reason) if reason in reasons), None)


def _found(connection: sa.Connection, collection: int) -> Sequence[Row]:
    columns = (
        chunks.c.key, chunks.c.document_id, chunks.c.fingerprint, chunks.c.duplicate_of,
        chunks.c.quarantine, chunks.c.findings, vectors.c.chunk_key.label("vector"),
    )  # fmt: skip
    query = sa.select(*columns).select_from(chunks.join(documents).outerjoin(vectors, OWN_VECTOR))
    known = chunks.c.findings.is_not(None), documents.c.collection_id == collection
    return connection.execute(query.where(*known).order_by(chunks.c.key)).all()


def _released_everywhere(connection: sa.Connection, collection: int) -> set[tuple[str, int]]:
    query = sa.select(releases.c.document_id, releases.c.fingerprint)
    found = connection.execute(query.where(releases.c.collection_id == collection))
    return {(row.document_id, row.fingerprint) for row in found}


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


def _held(row: Row) -> QuarantinedChunk:
    return QuarantinedChunk(to_chunk(row[:CHUNK_WIDTH]), row.quarantine, row.source, row.title)


def _after(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise bad_cursor()
    return int(cursor)
