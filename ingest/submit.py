"""Turns a folder or uploads into a job; a worker, in this process or another, does the work."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ingest.types import Upload
from rag.store import Store
from rag.types import Job


def submit_uploads(
    store: Store, collection: str, uploads: Sequence[Upload], idempotency_key: str | None = None
) -> Job:
    """A queued job that adds or replaces each upload. Raises NotFound `collection_not_found`."""
    raise NotImplementedError


def submit_folder(store: Store, collection: str, path: Path, delete_missing: bool = False) -> Job:
    """A queued job that brings the collection in line with a folder that the worker can read too.

    A source is its path relative to the folder. What did not change is skipped; with `delete_missing` documents
    whose file is gone are deleted. Raises NotFound `collection_not_found`, InvalidInput `path_not_found`.
    """
    raise NotImplementedError
