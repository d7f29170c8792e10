"""Search, explain and ask in this process, with models of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from api.http.schemas.explain import ExplainIn
from api.http.schemas.query import QueryIn, QueryOut
from api.http.schemas.search import ExplainOut, SearchIn, SearchOut
from footnote.models import Answer, ExplainedHit, SearchResult
from footnote.service import open_with_stage
from rag.answer.ask import Ask
from rag.search.filters import parse_filter
from rag.service import Service
from rag.settings import Settings
from rag.types import Query


def search(settings: Settings, request: SearchIn) -> SearchResult:
    """As POST /v1/search."""
    query = Query(request.query, request.collection, request.k, parse_filter(request.filters), request.mode)
    with _service(settings) as service:
        out = SearchOut.of(service.searcher.find(query, rerank=request.rerank, explain=request.explain))
    return SearchResult.model_validate(out.model_dump())


def explain(settings: Settings, request: ExplainIn) -> ExplainedHit:
    """As POST /v1/explain."""
    query = Query(request.query, request.collection, request.k, parse_filter(request.filters), request.mode)
    with _service(settings) as service:
        found = service.searcher.explain(query, request.chunk_id, rerank=request.rerank, unit=request.unit)
    return ExplainedHit.model_validate(ExplainOut.of(found).model_dump())


def ask(settings: Settings, request: QueryIn) -> Answer:
    """As POST /v1/query."""
    with _service(settings) as service:
        answer = service.answerer.answer(
            Ask(
                request.question,
                request.collection,
                k=request.k,
                mode=request.mode,
                check=request.check,
                filters=parse_filter(request.filters),
                history=request.turns,
            )
        )
    return Answer.model_validate(QueryOut.of(answer, request_id=uuid4().hex).model_dump())


@contextmanager
def _service(settings: Settings) -> Iterator[Service]:
    service = open_with_stage(settings)
    try:
        yield service
    finally:
        service.close()
