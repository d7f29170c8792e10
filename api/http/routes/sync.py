"""Sync: bring a collection in step with a folder on the server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fastapi import APIRouter, Response

from api.http.auth import MayWrite
from api.http.openapi import errors
from api.http.schemas.documents import SyncIn
from api.http.schemas.jobs import IdempotencyKey, JobOut, JobStarted
from api.http.state import Running
from ingest.remote import is_remote, is_under
from ingest.submit import submit_folder
from ingest.types import SyncOptions
from rag.errors import Forbidden, InvalidInput

router = APIRouter(prefix="/v1/collections/{collection}", tags=["documents"])


@router.post("/sync", status_code=202, summary="Sync with a folder", responses=errors(404, 409, 422))
def sync(
    collection: str,
    body: SyncIn,
    response: Response,
    running: Running,
    _: MayWrite,
    idempotency_key: IdempotencyKey = None,
) -> JobStarted:
    """New and changed files are read, unchanged ones skipped, vanished ones deleted (`delete_missing`).

    403 `path_not_allowed` unless the path lies under a folder of the setting `sync_roots` or a URL of
    `sync_urls`. 409 `empty_root` when nothing is there and everything would be deleted.
    """
    running.store.collections.get(collection)
    settings = running.settings
    path = allowed_url(body.path, settings.sync_urls) or allowed_path(body.path, settings.sync_roots)
    options = SyncOptions(body.delete_missing, tuple(body.include), tuple(body.exclude), body.allow_empty)
    job = submit_folder(
        running.store, collection, path, options, skip=[settings.data], idempotency_key=idempotency_key
    )
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return JobStarted(job=JobOut.of(job))


def allowed_url(path: str, roots: Sequence[str]) -> str | None:
    """The path if it is a URL and lies under a root, None if it is none. Raises Forbidden."""
    if not is_remote(path):
        return None
    if not is_under(path, roots):
        raise _forbidden()
    return path


def allowed_path(path: str, roots: Sequence[Path]) -> Path:
    """The path with its links resolved, once it lies under a root. Raises Forbidden (`path_not_allowed`).

    A path outside is refused whether it exists or not, so that nothing is learnt about the server's disk.
    """
    if "\0" in path:
        raise InvalidInput("The path holds a NUL character.")
    resolved = Path(path).resolve()
    if not any(resolved.is_relative_to(root.resolve()) for root in roots):
        raise _forbidden()
    if not resolved.exists():
        raise InvalidInput(f"There is nothing at {path}.", code="path_not_found", details={"path": path})
    return resolved


def _forbidden() -> Forbidden:
    return Forbidden("The path lies under none of the folders that sync may read.", code="path_not_allowed")
