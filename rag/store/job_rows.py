"""Jobs and their items between rows and dataclasses, and the rows of new items."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from rag.store.curation import findings_of
from rag.store.database import Row
from rag.store.records import ItemRecord, JobItem, JobRequest, Option
from rag.store.rows import sliced
from rag.store.schema import documents, job_items, job_payloads
from rag.store.values import check_source, clean, clean_metadata
from rag.types import Job, JobCounts, SourceError

_AT_ONCE = 2000  # items of an INSERT
_COLUMNS = [
    "job_key", "source", "sha256", "media_type", "title", "metadata", "origin", "state", "quarantined",
    "chunks",
]  # fmt: skip


def fingerprint(kind: str, options: Mapping[str, Option], items: Iterable[JobItem]) -> str:
    """A hash that tells requests apart. Files on disk may change between two tries of the same request."""
    uploads = [
        [
            item.source,
            item.sha256 or hashlib.sha256(item.payload).hexdigest(),
            item.title,
            dict(item.metadata),
        ]
        for item in items
        if item.payload is not None
    ]
    return hashlib.sha256(json.dumps([kind, dict(options), uploads], sort_keys=True).encode()).hexdigest()


def item_row(item: JobItem) -> dict[str, object]:
    """The columns of a new item, its job's key excepted; raises InvalidInput for what cannot be stored."""
    code, message = item.error or (None, None)
    return {
        "source": check_source(item.source),
        "sha256": item.sha256,
        "media_type": clean(item.media_type),
        "title": clean(item.title),
        "metadata": clean_metadata(item.metadata) if item.metadata else {},
        "path": item.path and clean(item.path),
        "origin": clean(item.origin),
        "state": "failed" if item.error else "pending",
        "outcome": "failed" if item.error else None,
        "error_code": code,
        "error_message": message and clean(message),
        "quarantined": 0,
        "chunks": 0,
    }


def to_item(row: Row, job: str, collection: str) -> ItemRecord:
    """An item as stored."""
    described = (row.source, row.sha256, row.media_type, row.title, row.metadata)
    item = JobItem(*described, None, row.path, row.origin)
    return ItemRecord(
        row.id, job, collection, item, row.state, row.outcome, row.error_code, row.error_message
    )


def to_request(row: Row) -> JobRequest:
    """What a job was asked to do."""
    return JobRequest(row.id, row.kind, row.collection, row.options)


def read_jobs(connection: sa.Connection, query: sa.Select[*tuple[Any, ...]], errors: int) -> list[Job]:
    """The jobs of a query of the whole table, with their counts and at most so many errors each."""
    rows = connection.execute(query).all()
    keys = [row.key for row in rows]
    (counts, chunks), failures = _counts(connection, keys), _errors(connection, keys, errors)
    curation = findings_of(connection, keys)
    return [
        Job(
            id=row.id,
            kind=row.kind,
            collection=row.collection,
            status=row.status,
            counts=counts.get(row.key, JobCounts()),
            errors=tuple(failures.get(row.key, ())),
            created_at=row.created_at,
            updated_at=row.updated_at,
            chunks=chunks.get(row.key, 0),
            started_at=row.started_at,
            curation=curation.get(row.key, {}),
        )
        for row in rows
    ]


def _counts(connection: sa.Connection, keys: Sequence[int]) -> tuple[dict[int, JobCounts], dict[int, int]]:
    """Each job's counts and its chunks."""
    columns = (job_items.c.job_key, job_items.c.outcome)
    sums = (
        sa.func.count().label("items"),
        sa.func.sum(job_items.c.quarantined).label("quarantined"),
        sa.func.sum(job_items.c.chunks).label("chunks"),
    )
    # the old source of a moved document is counted with the new one
    counted = sa.func.coalesce(job_items.c.outcome, "") != "moved_away"
    query = sa.select(*columns, *sums).where(job_items.c.job_key.in_(keys), counted).group_by(*columns)
    found: dict[int, dict[str, int]] = {}
    chunks: dict[int, int] = {}
    for row in connection.execute(query):
        chunks[row.job_key] = chunks.get(row.job_key, 0) + int(row.chunks)
        counts = found.setdefault(row.job_key, {"total": 0, "quarantined": 0})
        counts["total"] += row.items
        counts["quarantined"] += int(row.quarantined)
        if row.outcome is not None:
            counts[row.outcome] = row.items
    return {key: JobCounts(**counts) for key, counts in found.items()}, chunks


def _errors(connection: sa.Connection, keys: Sequence[int], most: int) -> dict[int, list[SourceError]]:
    rank = sa.func.row_number().over(partition_by=job_items.c.job_key, order_by=job_items.c.id)
    failed = sa.select(job_items, rank.label("rank")).where(
        job_items.c.job_key.in_(keys), job_items.c.state == "failed"
    )
    ranked = failed.subquery()
    found: dict[int, list[SourceError]] = {}
    for row in connection.execute(sa.select(ranked).where(ranked.c.rank <= most).order_by(ranked.c.id)):
        error = SourceError(row.source, row.error_code or "", row.error_message or "")
        found.setdefault(row.job_key, []).append(error)
    return found


def insert_items(connection: sa.Connection, job: int, items: Iterable[JobItem]) -> None:
    """The items of the job with this key, in order; raises InvalidInput for what cannot be stored."""
    for part in sliced(items, _AT_ONCE):
        rows = [{**item_row(item), "job_key": job} for item in part]
        connection.execute(sa.insert(job_items), rows)
        if any(item.payload is not None for item in part):
            _insert_payloads(connection, job, part)


def insert_missing(
    connection: sa.Connection, job: int, collection: int, within: Sequence[str] | None
) -> None:
    """An item to delete each document of the collection whose source is none of the job's.

    With `within` only of those that are one of these sources or lie below one.

    What lies below a folder that could not be listed (a failed item whose source ends with a slash) is not
    known to be missing, and stays.
    """
    # Both sides by code point: PostgreSQL compares no two columns of different collations.
    item = job_items.alias("item")
    source = _by_code_point(connection, item.c.source)
    given = sa.select(source).where(item.c.job_key == job)
    known = sa.select(documents.c.source).where(documents.c.collection_id == collection)
    if within is not None:
        known = known.where(sa.or_(sa.false(), *map(_at_or_below, within)))
    missing = known.except_(given).subquery("missing")
    unlisted = (
        sa.select(sa.literal(1))
        .where(item.c.job_key == job, item.c.state == "failed", source.like("%/"))
        .where(sa.func.substr(missing.c.source, 1, sa.func.length(source)) == source)
    )
    rows = (
        sa.select(*_deletion(job))
        .select_from(documents.join(missing, documents.c.source == missing.c.source))
        .where(documents.c.collection_id == collection, ~unlisted.exists())
        .order_by(documents.c.source)
    )
    connection.execute(sa.insert(job_items).from_select(_COLUMNS, rows, include_defaults=False))


def _at_or_below(source: str) -> sa.ColumnElement[bool]:
    """The character after "/" is "0"."""
    below = documents.c.source.between(f"{source}/", f"{source}0") & (documents.c.source != f"{source}0")
    return (documents.c.source == source) | below


def _deletion(job: int) -> list[sa.ColumnElement[Any]]:
    """Neither content nor path says: delete this source. The hash is what a moved file is known by."""
    empty = sa.literal("")
    return [
        sa.literal(job), documents.c.source, documents.c.content_sha256, empty, empty,
        sa.literal({}, job_items.c.metadata.type), empty, sa.literal("pending"), sa.literal(0),
        sa.literal(0),
    ]  # fmt: skip


def _by_code_point(connection: sa.Connection, column: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    return column.collate("C") if connection.dialect.name == "postgresql" else column


def _insert_payloads(connection: sa.Connection, job: int, items: Sequence[JobItem]) -> None:
    """The payloads of the items that were written last."""
    newest = sa.select(job_items.c.id).where(job_items.c.job_key == job).order_by(job_items.c.id.desc())
    written = reversed(connection.scalars(newest.limit(len(items))).all())
    payloads = [
        {"item_id": item_id, "payload": item.payload}
        for item_id, item in zip(written, items, strict=True)
        if item.payload is not None
    ]
    connection.execute(sa.insert(job_payloads), payloads)
