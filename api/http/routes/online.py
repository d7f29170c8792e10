"""Live answers that were sampled and scored: numbers and drift, the worst ones, and forgetting them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.http.auth import MayRead, MayWrite
from api.http.openapi import errors
from api.http.schemas.online import OnlineOut, SampledAnswerOut, SampledAnswersOut
from api.http.state import Running
from eval.online.overview import overview, worst_answers

router = APIRouter(prefix="/v1/collections/{collection}/online", tags=["evaluations"])


@router.get("", summary="Look at live answers", responses=errors(404))
def look(collection: str, running: Running, _: MayRead) -> OnlineOut:
    """Supported share, abstention, latency and judges' scores of the newest sampled answers over time, and
    whether any of them changed. No texts.
    """
    return OnlineOut.of(overview(running.store, collection), running.settings.online_share)


@router.get("/answers", summary="List the worst live answers", responses=errors(404, 422))
def answers(
    collection: str,
    running: Running,
    _: MayWrite,
    limit: Annotated[int, Query(ge=1, le=100, description="How many at most.")] = 20,
) -> SampledAnswersOut:
    """Of the 200 newest sampled ones, with question, response and passages. Needs a key that may write, as
    others' questions are shown.
    """
    found = worst_answers(running.store, collection, limit)
    return SampledAnswersOut(answers=[SampledAnswerOut.of(one) for one in found])


@router.delete("", status_code=204, summary="Forget live answers", responses=errors(404))
def forget(collection: str, running: Running, _: MayWrite) -> None:
    """Deletes every sample of the collection, numbers and texts."""
    running.store.samples.forget(collection)
