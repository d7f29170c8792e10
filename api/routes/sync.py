"""Sync: bring a collection in step with a folder on the server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fastapi import APIRouter, Response

from api.auth import MayWrite
from api.routes.answers import errors
from api.schemas.documents import SyncIn
from api.schemas.jobs import JobOut, JobStarted
from api.state import Running
from ingest.submit import submit_folder
from ingest.types import SyncOptions
from rag.errors import Forbidden, InvalidInput

router = APIRouter(prefix="/v1/collections/{collection}", tags=["documents"])


@router.post("/sync", status_code=202, summary="Sync with a folder", responses=errors(404, 422))
def sync(collection: str, body: SyncIn, response: Response, running: Running, _: MayWrite) -> JobStarted:
    """New and changed files are read, unchanged ones skipped, vanished ones deleted (`delete_missing`).

    403 `path_not_allowed` unless the path lies under a folder of the setting `sync_roots`.
    """
    running.store.collection(collection)
    path = allowed_path(body.path, running.settings.sync_roots)
    job = submit_folder(running.store, collection, path, SyncOptions(body.delete_missing))
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return JobStarted(job=JobOut.of(job))


def allowed_path(path: str, roots: Sequence[Path]) -> Path:
    """The path with its links resolved, once it lies under a root. Raises Forbidden (`path_not_allowed`).

    A path outside is refused whether it exists or not, so that nothing is learnt about the server's disk.
    """
    if "\0" in path:
        raise InvalidInput("The path holds a NUL character.")
    resolved = Path(path).resolve()
    if not any(resolved.is_relative_to(root.resolve()) for root in roots):
        raise Forbidden(
            "The path lies under none of the folders that sync may read.", code="path_not_allowed"
        )
    if not resolved.exists():
        raise InvalidInput(f"There is nothing at {path}.", code="path_not_found", details={"path": path})
    return resolved
