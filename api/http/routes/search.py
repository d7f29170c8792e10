"""Search."""

from __future__ import annotations

from fastapi import APIRouter

from api.http.auth import MayRead
from api.http.openapi import errors
from api.http.schemas.search import HitOut, SearchIn, SearchOut
from api.http.state import Running, Runtime
from rag.search.filters import parse_filter
from rag.types import Hit, Query

router = APIRouter(prefix="/v1", tags=["questions"])


@router.post("/search", summary="Find passages", responses=errors(404, 422, 429, 503))
async def search(body: SearchIn, running: Running, caller: MayRead) -> SearchOut:
    """Dense and lexical together (or one of them), then late interaction over the best (`rerank`)."""
    caller.require("read", body.collection)
    query = Query(body.query, body.collection, body.k, parse_filter(body.filters), body.mode)
    hits, timings = await running.run(_search, running, query, body.rerank, body.explain)
    running.metrics.observe_stages(timings)
    return SearchOut(hits=[HitOut.of(hit) for hit in hits], timings_ms=timings)


def _search(
    running: Runtime, query: Query, rerank: bool, explain: bool
) -> tuple[list[Hit], dict[str, float]]:
    return running.service().searcher.search(query, rerank=rerank, explain=explain)
