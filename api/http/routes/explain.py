"""Why a passage has its place."""

from __future__ import annotations

from fastapi import APIRouter

from api.http.auth import MayRead
from api.http.openapi import errors
from api.http.schemas.explain import ExplainIn
from api.http.schemas.search import ExplainOut
from api.http.state import Running
from rag.search.filters import parse_filter
from rag.types import Query

router = APIRouter(prefix="/v1", tags=["questions"])


@router.post("/explain", summary="Explain a hit", responses=errors(404, 422, 429, 503))
async def explain(body: ExplainIn, running: Running, caller: MayRead) -> ExplainOut:
    """The same search again, and of one passage all that made its score, with the reader's view of it.

    The reader reads the passage once for each window of words (48 at most) or sentence, without it.
    """
    caller.require("read", body.collection)
    query = Query(body.query, body.collection, body.k, parse_filter(body.filters), body.mode)
    found = await running.run(
        lambda: running.service().searcher.explain(query, body.chunk_id, rerank=body.rerank, unit=body.unit)
    )
    return ExplainOut.of(found)
