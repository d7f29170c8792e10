"""Writes the items of a new job, a few thousand at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from rag.store.job_rows import item_row
from rag.store.records import JobItem
from rag.store.rows import sliced
from rag.store.schema import documents, job_items, job_payloads

_AT_ONCE = 2000


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


_COLUMNS = [
    "job_key", "source", "sha256", "media_type", "title", "metadata", "origin", "state", "quarantined",
    "chunks",
]  # fmt: skip


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
