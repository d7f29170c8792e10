"""Curation: a collection's policy, and its quarantine."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.http.auth import MayRead, MayWrite
from api.http.openapi import errors
from api.http.schemas.curation import (
    CurationIn,
    CurationOut,
    QuarantinedOut,
    QuarantineOut,
    ReleasedOut,
    ReleaseIn,
)
from api.http.state import Running
from ingest.curate.policy import set_policy
from rag.types import Reason

router = APIRouter(prefix="/v1/collections/{collection}", tags=["curation"])


@router.get("/curation", summary="Look at the policy of curation", responses=errors(404))
def policy(collection: str, running: Running, _: MayRead) -> CurationOut:
    """What becomes of a passage in which something is found, by reason."""
    return CurationOut.of(running.store.curation.policy(collection))


@router.put("/curation", summary="Set the policy of curation", responses=errors(404, 422))
def put_policy(collection: str, body: CurationIn, running: Running, _: MayWrite) -> CurationOut:
    """Holds for what is ingested from now on, and at once for what was found before.

    422 `unknown_language` for a code that cannot be told from others.
    """
    return CurationOut.of(set_policy(running.store, collection, body.policy()))


@router.get("/quarantine", summary="List the quarantine", responses=errors(404, 422))
def held(
    collection: str,
    running: Running,
    _: MayWrite,
    reason: Annotated[Reason | None, Query(description="Only what is held for this.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.")] = None,
) -> QuarantineOut:
    """Passages that are stored but never found, oldest first. Needs a key that may write."""
    found, following = running.store.quarantine.page(collection, reason=reason, limit=limit, cursor=cursor)
    return QuarantineOut(chunks=[QuarantinedOut.of(one) for one in found], next_cursor=following)


@router.post("/quarantine/release", summary="Release from quarantine", responses=errors(404, 409, 422))
def release(collection: str, body: ReleaseIn, running: Running, _: MayWrite) -> ReleasedOut:
    """All of these passages or none; they stay searchable when the same text of the same source comes again.

    404 `chunk_not_found` names the first that the collection does not have.
    """
    return ReleasedOut(released=running.store.quarantine.release(collection, body.chunk_ids))
