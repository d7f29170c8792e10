"""Curation: each collection's policy, what its chunks share with others, and what was found in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import get_args

import sqlalchemy as sa

from rag.store.collections import live
from rag.store.database import Part, Row, insert_once
from rag.store.quarantine import DUPLICATES, OWN_VECTOR, recount, release_orphans
from rag.store.records import SimilarChunk
from rag.store.rows import sliced
from rag.store.schema import chunks, collections, documents, job_findings, releases, signatures, vectors
from rag.types import Action, CurationPolicy, Reason

_DUPLICATES = frozenset(DUPLICATES)

_REASONS = frozenset(field.name for field in fields(CurationPolicy)) - {"languages"}


class Curation(Part):
    """The curation policy of each collection, and the chunks that a new one is compared with."""

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

    def similar(self, collection: str, document_id: str, wanted: Sequence[int]) -> list[SimilarChunk]:
        """The chunks of the collection's other documents that have one of these signatures, oldest first."""
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
            for part in sliced(dict.fromkeys(wanted)):
                others = signatures.c.mark.in_(part), chunks.c.document_id != document_id
                found += connection.execute(query.where(here, *others)).all()
        similar = [
            SimilarChunk(value, key, owner, fingerprint, bool(free))
            for value, key, owner, fingerprint, free in found
        ]
        return sorted(similar, key=lambda one: one.key)


def to_policy(stored: Mapping[str, str | list[str]] | None) -> CurationPolicy:
    """The policy of a collection's row; what it does not say is as by default."""
    given = stored or {}
    actions: dict[str, Action] = {}
    for name, value in given.items():
        for action in get_args(Action):
            if value == action and name in _REASONS:
                actions[name] = action
    return CurationPolicy(**actions, languages=tuple(given.get("languages", ())))


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
    let_through = _released(connection, collection.id)
    touched: dict[str, None] = {}
    originals: set[int] = set()
    for row in _with_findings(connection, collection.id):
        kept = [finding for finding in row.findings if policy.action(finding[0]) != "keep"]
        quarantine = _reason(policy, row, (row.document_id, row.fingerprint) in let_through)
        if quarantine == row.quarantine and len(kept) == len(row.findings):
            continue
        change = sa.update(chunks).where(chunks.c.key == row.key)
        connection.execute(change.values(quarantine=quarantine, findings=kept or None))
        touched[row.document_id] = None
        if quarantine in _DUPLICATES and row.duplicate_of is not None:
            originals.add(row.duplicate_of)
        if quarantine is not None and row.quarantine is None:
            originals.add(row.fingerprint)
    for document in touched:
        recount(connection, collection.name, document)
    release_orphans(connection, collection.name, originals)


def _reason(policy: CurationPolicy, row: Row, let_through: bool) -> str | None:
    """What a chunk is in quarantine for under this policy; one without vectors stays where it is."""
    if row.vector is None:
        return None if row.quarantine is None else str(row.quarantine)
    reasons = [finding[0] for finding in row.findings if policy.action(finding[0]) == "quarantine"]
    return None if let_through else first_reason(reasons)


def first_reason(reasons: Sequence[Reason]) -> Reason | None:
    """The one that a quarantine names, in the order of `Reason`."""
    return next((reason for reason in get_args(Reason) if reason in reasons), None)


def _with_findings(connection: sa.Connection, collection: int) -> Sequence[Row]:
    columns = (
        chunks.c.key, chunks.c.document_id, chunks.c.fingerprint, chunks.c.duplicate_of,
        chunks.c.quarantine, chunks.c.findings, vectors.c.chunk_key.label("vector"),
    )  # fmt: skip
    query = sa.select(*columns).select_from(chunks.join(documents).outerjoin(vectors, OWN_VECTOR))
    known = chunks.c.findings.is_not(None), documents.c.collection_id == collection
    return connection.execute(query.where(*known).order_by(chunks.c.key)).all()


def _released(connection: sa.Connection, collection: int) -> set[tuple[str, int]]:
    query = sa.select(releases.c.document_id, releases.c.fingerprint)
    found = connection.execute(query.where(releases.c.collection_id == collection))
    return {(row.document_id, row.fingerprint) for row in found}
