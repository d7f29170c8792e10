"""Search."""

from __future__ import annotations

from fastapi import APIRouter

from api.http.auth import MayRead
from api.http.openapi import errors
from api.http.schemas.search import SearchIn, SearchOut
from api.http.state import Running, Runtime
from rag.search.filters import parse_filter
from rag.types import Corrected, Hit, Query

router = APIRouter(prefix="/v1", tags=["questions"])


@router.post("/search", summary="Find passages", responses=errors(404, 422, 429, 503))
async def search(body: SearchIn, running: Running, caller: MayRead) -> SearchOut:
    """Dense and lexical together (or one of them), then late interaction over the best (`rerank`).

    Typos are mended first, and `corrected` says so.
    """
    caller.require("read", body.collection)
    query = Query(body.query, body.collection, body.k, parse_filter(body.filters), body.mode)
    hits, timings, corrected = await running.run(_search, running, query, body.rerank, body.explain)
    running.metrics.observe_stages(timings)
    return SearchOut.of(hits, timings, corrected)


def _search(
    running: Runtime, query: Query, rerank: bool, explain: bool
) -> tuple[list[Hit], dict[str, float], Corrected | None]:
    return running.service().searcher.find(query, rerank=rerank, explain=explain)
