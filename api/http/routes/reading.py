"""The reader and the checker by themselves, on passages of the caller's own."""

from __future__ import annotations

from fastapi import APIRouter

from api.http.auth import MayRead
from api.http.openapi import errors
from api.http.schemas.reading import CheckIn, CheckOut, ReadIn, ReadOut
from api.http.state import Running
from rag.answer.check import check_text

router = APIRouter(prefix="/v1", tags=["models"])


@router.post("/read", summary="Find answers in passages", responses=errors(422, 429, 503))
async def read(body: ReadIn, running: Running, _: MayRead) -> ReadOut:
    """Spans that answer, best first, with calibrated probabilities."""
    result = await running.run(lambda: running.service().models.reader.read(body.question, body.passages))
    return ReadOut.of(result, body.passages)


@router.post("/check", summary="Check an answer against passages", responses=errors(422, 429, 503))
async def check(body: CheckIn, running: Running, _: MayRead) -> CheckOut:
    """A verdict for each sentence: supported, contradicted or unsupported, with the evidence for it."""
    sentences = await running.run(
        lambda: check_text(body.answer, body.context, running.service().models.checker, body.question)
    )
    return CheckOut.of(sentences)
