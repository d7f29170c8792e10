"""The checker by itself."""

from __future__ import annotations

from fastapi import APIRouter

from api.http.auth import MayRead
from api.http.routes.answers import errors
from api.http.schemas.check import CheckIn, CheckOut
from api.http.state import Running
from rag.answer.check import check_text

router = APIRouter(prefix="/v1", tags=["models"])


@router.post("/check", summary="Check an answer against passages", responses=errors(422, 429, 503))
async def check(body: CheckIn, running: Running, _: MayRead) -> CheckOut:
    """A verdict for each sentence: supported, contradicted or unsupported, with the evidence for it."""
    sentences = await running.run(
        lambda: check_text(body.answer, body.context, running.service().models.checker, body.question)
    )
    return CheckOut.of(sentences)
