"""Search and ask from the command line: over HTTP where a service runs on this data, else in this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from api.cli.client import Client
from api.http.schemas.explain import ExplainIn
from api.http.schemas.query import QueryIn, QueryOut
from api.http.schemas.search import ExplainOut, HitOut, SearchIn, SearchOut
from api.service import find_running, local_key
from rag.answer.ask import Ask
from rag.errors import NotFound
from rag.search.filters import parse_filter
from rag.service import Service, open_service
from rag.settings import Settings
from rag.types import Query


def search(settings: Settings, request: SearchIn) -> SearchOut:
    """As POST /v1/search. Models that are loaded already, in a running service, answer at once."""
    client = _client(settings)
    if client is not None:
        with client:
            return client.search(request)
    query = Query(request.query, request.collection, request.k, parse_filter(request.filters), request.mode)
    with _service(settings) as service:
        hits, timings = service.searcher.search(query, rerank=request.rerank, explain=request.explain)
    return SearchOut(hits=[HitOut.of(hit) for hit in hits], timings_ms=timings)


def explain(settings: Settings, request: ExplainIn) -> ExplainOut:
    """As POST /v1/explain."""
    client = _client(settings)
    if client is not None:
        with client:
            return client.explain(request)
    query = Query(request.query, request.collection, request.k, parse_filter(request.filters), request.mode)
    with _service(settings) as service:
        found = service.searcher.explain(query, request.chunk_id, rerank=request.rerank, unit=request.unit)
    return ExplainOut.of(found)


def nth_hit(settings: Settings, request: SearchIn, rank: int) -> str:
    """The chunk id of the search's `rank`-th hit (from 1); raises NotFound `chunk_not_found`."""
    hits = search(settings, request).hits
    if rank > len(hits):
        raise NotFound(f"The search has {len(hits)} hits, so none of rank {rank}.", code="chunk_not_found")
    return hits[rank - 1].chunk_id


def ask(settings: Settings, request: QueryIn) -> QueryOut:
    """As POST /v1/query."""
    client = _client(settings)
    if client is not None:
        with client:
            return client.query(request)
    with _service(settings) as service:
        answer = service.answerer.answer(
            Ask(
                request.question,
                request.collection,
                k=request.k,
                mode=request.mode,
                check=request.check,
                filters=parse_filter(request.filters),
            )
        )
    return QueryOut.of(answer, request_id=uuid4().hex)


def _client(settings: Settings) -> Client | None:
    """The running service, when there is one and this user may read its key."""
    key = local_key(settings)
    running = find_running(settings.data) if key else None
    return Client(running.url, key) if running and key else None


@contextmanager
def _service(settings: Settings) -> Iterator[Service]:
    service = open_service(settings)
    try:
        yield service
    finally:
        service.close()
