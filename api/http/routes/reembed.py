"""Re-embedding: another encoder for a collection."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Response

from api.http.auth import MayWrite
from api.http.openapi import errors
from api.http.schemas.collections import ReembedIn
from api.http.schemas.jobs import JobOut, JobStarted
from api.http.state import Running
from ingest.reembed import submit
from rag.errors import InvalidInput
from rag.models.registry import ENCODERS
from rag.settings import Settings

router = APIRouter(prefix="/v1/collections/{collection}/reembed", tags=["collections"])
_NOTHING = ReembedIn()


@router.post("", status_code=202, summary="Change a collection's encoder", responses=errors(404, 409, 422))
def start(
    collection: str,
    response: Response,
    running: Running,
    _: MayWrite,
    body: Annotated[ReembedIn, Body()] = _NOTHING,
) -> JobStarted:
    """Encodes every chunk anew, from the stored text, in a job; searches are answered from the old vectors
    until the job switches to the new ones at once.

    409 `reembedding` while another such job of the collection is not finished, `already_embedded` when its
    vectors are of that encoder, 422 `encoder_not_offered` for a name that only the command line may use.
    """
    _require_offered(body.encoder, running.settings)
    job = submit(running.store, running.settings, collection, body.encoder)
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return JobStarted(job=JobOut.of(job))


def _require_offered(encoder: str | None, settings: Settings) -> None:
    """A caller of the API may not make this machine load any folder, or look a name up on the Hub."""
    offered = {settings.encoder, *ENCODERS}
    if encoder is not None and encoder not in offered:
        raise InvalidInput(
            f"{encoder[:80]!r} is not offered here, but {', '.join(sorted(offered))}. Any other one "
            "can be put into the settings, or named on the command line.",
            code="encoder_not_offered",
        )
