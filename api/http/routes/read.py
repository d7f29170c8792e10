"""The reader by itself."""

from __future__ import annotations

from fastapi import APIRouter

from api.http.auth import MayRead
from api.http.routes.answers import errors
from api.http.schemas.read import ReadIn, ReadOut
from api.http.state import Running

router = APIRouter(prefix="/v1", tags=["models"])


@router.post("/read", summary="Find answers in passages", responses=errors(422, 429, 503))
async def read(body: ReadIn, running: Running, _: MayRead) -> ReadOut:
    """Spans that answer, best first, with calibrated probabilities."""
    result = await running.run(lambda: running.service().models.reader.read(body.question, body.passages))
    return ReadOut.of(result, body.passages)
