"""Turns a folder or uploads into a job; a worker, in this process or another, does the work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ingest.discover import digest, walk
from ingest.types import Upload
from rag.errors import InvalidInput
from rag.store import JobItem, Store
from rag.store.text import clean_source
from rag.types import Job


def submit_uploads(
    store: Store, collection: str, uploads: Sequence[Upload], idempotency_key: str | None = None
) -> Job:
    """A queued job that adds or replaces each upload.

    Raises NotFound `collection_not_found`, InvalidInput `invalid_source` and `invalid_metadata`, and Conflict
    `idempotency_key_reused`.
    """
    items = [
        JobItem(
            each.source, digest(each.content), each.media_type, each.title, each.metadata, each.content, None
        )
        for each in uploads
    ]
    return store.create_job("ingest", collection, items, idempotency_key=idempotency_key)


def submit_folder(store: Store, collection: str, path: Path, delete_missing: bool = False) -> Job:
    """A queued job that brings the collection in line with a folder that the worker can read too.

    A source is its path relative to the folder. What did not change is skipped; with `delete_missing` every
    document whose source is not in the folder is deleted, uploads too. Nothing is read here but names: the
    worker hashes a file when its turn comes. Raises NotFound `collection_not_found`, InvalidInput
    `path_not_found`, and `not_a_folder` for a single file with `delete_missing`.
    """
    known = store.sources(collection)
    if delete_missing and path.is_file():
        raise InvalidInput(
            f"{path} is a file: a folder is needed to tell what is missing.", code="not_a_folder"
        )
    items = [JobItem(clean_source(found.source), path=str(found.path)) for found in walk(path)]
    if delete_missing:
        items.extend(_missing(known, {item.source for item in items}))
    options: dict[str, str | int | float | bool | None] = {
        "path": str(path),
        "delete_missing": delete_missing,
    }
    return store.create_job("sync", collection, items, options=options)


def _missing(known: dict[str, str], present: set[str]) -> Iterator[JobItem]:
    """An item with neither content nor path says: delete this source."""
    return (JobItem(source) for source in known if source not in present)
