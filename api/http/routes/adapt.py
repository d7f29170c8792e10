"""Adaptation: fit search to one collection, see what was learned, go back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Response

from adapt.types import Options, UserQuestion
from api.http.auth import MayRead, MayWrite
from api.http.openapi import errors
from api.http.schemas.adapt import AdaptationOut, AdaptIn, RolledBack, VersionOut
from api.http.schemas.jobs import JobOut, JobStarted
from api.http.state import Running

router = APIRouter(prefix="/v1/collections/{collection}/adapt", tags=["adaptation"])
_NOTHING = AdaptIn()


@router.post("", status_code=202, summary="Adapt a collection", responses=errors(404, 409, 422))
def start(
    collection: str,
    response: Response,
    running: Running,
    _: MayWrite,
    body: Annotated[AdaptIn, Body()] = _NOTHING,
) -> JobStarted:
    """Learns fusion weights and a query adapter in a job, and adopts what wins on held-out questions.

    What synthetic questions alone have judged is adopted only with `trust_synthetic`.
    409 `adaptation_running` while another adaptation of the collection is not finished.
    """
    from adapt.jobs import submit  # with all that adapting needs, which no start waits for

    given = [UserQuestion(one.question, one.source.strip(), one.quote.strip()) for one in body.questions]
    job = submit(running.store, collection, given, Options(body.seed, body.full, body.trust_synthetic))
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return JobStarted(job=JobOut.of(job))


@router.get("", summary="Look at a collection's adaptations", responses=errors(404, 503))
def versions(collection: str, running: Running, _: MayRead) -> AdaptationOut:
    """Every version with what each gate said, and which one is in force."""
    active = running.store.collections.get(collection).profile
    info = running.service().searcher.open(collection).encoder.info
    found = [VersionOut.of(record, info) for record in running.store.learned.all(collection)]
    return AdaptationOut(active=active, versions=found)


@router.post("/rollback", summary="Go back to the version before", responses=errors(404, 409))
def rollback(collection: str, running: Running, _: MayWrite) -> RolledBack:
    """Searches use it from the next one on. 409 `nothing_to_roll_back` when the defaults are in force."""
    return RolledBack(active=running.store.learned.rollback(collection))
