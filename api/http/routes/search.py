"""Search."""

from __future__ import annotations

from fastapi import APIRouter

from api.http.auth import MayRead
from api.http.openapi import errors
from api.http.schemas.search import SearchIn, SearchOut
from api.http.state import Running, Runtime
from rag.search.filters import parse_filter
from rag.types import Query, Searched

router = APIRouter(prefix="/v1", tags=["questions"])


@router.post("/search", summary="Find passages", responses=errors(404, 422, 429, 503))
async def search(body: SearchIn, running: Running, caller: MayRead) -> SearchOut:
    """Dense and lexical together (or one of them), then late interaction over the best (`rerank`).

    Typos are mended first, and `corrected` says so; `unknown_fields` are those of the filter that no document
    has.
    """
    caller.require("read", body.collection)
    query = Query(body.query, body.collection, body.k, parse_filter(body.filters), body.mode)
    found = await running.run(_search, running, query, body.rerank, body.explain)
    running.metrics.observe_stages(found.timings)
    return SearchOut.of(found)


def _search(running: Runtime, query: Query, rerank: bool, explain: bool) -> Searched:
    return running.service().searcher.find(query, rerank=rerank, explain=explain)
