"""Search, explain and ask from the command line: by the service that runs on this data, else in this process.

Imports nothing of the service's inside before no service is found: a running one answers within a second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import httpx

from api.service import find_running, local_key
from footnote.calls import Turn
from footnote.client import TIMEOUT_S, Client
from footnote.models import Answer, AnswerMode, CheckPolicy, ExplainedHit, Mode, SearchResult
from rag.errors import NotFound
from rag.settings import Settings

Filters = Mapping[str, Any]


def search(
    settings: Settings,
    collection: str,
    query: str,
    *,
    k: int,
    mode: Mode,
    rerank: bool,
    filters: Filters | None,
    explain: bool = False,
) -> SearchResult:
    """As POST /v1/search. Models that are loaded already, in a running service, answer at once."""
    with _service(settings) as client:
        if client is not None:
            return client.search(
                collection, query, k=k, mode=mode, rerank=rerank, filters=filters, explain=explain
            )
    from api.cli import local
    from api.http.schemas.search import SearchIn

    fields = {"collection": collection, "query": query, "k": k, "mode": mode, "rerank": rerank}
    return local.search(settings, SearchIn.model_validate({**fields, "filters": filters, "explain": explain}))


def explain(
    settings: Settings,
    collection: str,
    query: str,
    chunk_id: str | None,
    *,
    rank: int,
    k: int,
    mode: Mode,
    rerank: bool,
    filters: Filters | None,
    unit: Literal["words", "sentence"],
) -> ExplainedHit:
    """As POST /v1/explain, for a chunk or (None) the search's `rank`-th hit, from 1.

    Raises NotFound `chunk_not_found` where the search has fewer hits.
    """
    if chunk_id is None:
        hits = search(settings, collection, query, k=k, mode=mode, rerank=rerank, filters=filters).hits
        if rank > len(hits):
            raise NotFound(
                f"The search has {len(hits)} hits, so none of rank {rank}.", code="chunk_not_found"
            )
        chunk_id = hits[rank - 1].chunk_id
    with _service(settings) as client:
        if client is not None:
            return client.explain(
                collection, query, chunk_id, k=k, mode=mode, rerank=rerank, filters=filters, unit=unit
            )
    from api.cli import local
    from api.http.schemas.explain import ExplainIn

    fields = {"collection": collection, "query": query, "chunk_id": chunk_id, "k": k, "mode": mode}
    return local.explain(
        settings, ExplainIn.model_validate({**fields, "rerank": rerank, "filters": filters, "unit": unit})
    )


def ask(
    settings: Settings,
    collection: str,
    question: str,
    *,
    k: int,
    mode: AnswerMode,
    check: CheckPolicy | None,
    filters: Filters | None,
    history: Sequence[Turn],
) -> Answer:
    """As POST /v1/query."""
    with _service(settings) as client:
        if client is not None:
            return client.ask(
                collection, question, k=k, mode=mode, check=check, filters=filters, history=history
            )
    from api.cli import local
    from api.http.schemas.query import QueryIn

    fields = {"collection": collection, "question": question, "k": k, "mode": mode, "check": check}
    return local.ask(
        settings, QueryIn.model_validate({**fields, "filters": filters, "history": list(history)})
    )


@contextmanager
def _service(settings: Settings) -> Iterator[Client | None]:
    """A client of the running service, when there is one and this user may read its key."""
    key = local_key(settings)
    service = find_running(settings.data) if key else None
    if service is None:
        yield None
        return
    # trust_env=False: a proxy for the outside world must not be asked about this machine.
    # verify=False: plain HTTP has no certificates, and reading the known ones takes 40 ms.
    with (
        httpx.Client(timeout=TIMEOUT_S, trust_env=False, verify=False) as http,
        Client(service.url, key, http=http) as client,
    ):
        yield client
