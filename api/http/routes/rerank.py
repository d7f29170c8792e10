"""Reranking, as clients of Cohere and Jina call it."""

from __future__ import annotations

import numpy as np
from fastapi import APIRouter, Request

from api.http.auth import MayRead
from api.http.errors import request_id
from api.http.openapi import errors
from api.http.schemas.rerank import RerankDocument, RerankIn, RerankOut, RerankResult
from api.http.state import Running, Runtime
from rag.errors import NotFound

router = APIRouter(prefix="/v1", tags=["models"])


@router.post("/rerank", summary="Order documents by relevance", responses=errors(404, 422, 429, 503))
async def rerank(body: RerankIn, request: Request, running: Running, _: MayRead) -> RerankOut:
    """The chance that each document is relevant: by the encoder (vectors, late interaction and BM25 over
    these documents), or by the reader where `model` names it.
    """
    model, scores, tokens = await running.run(_relevance, running, body)
    order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))[: body.top_n]
    texts = body.texts()
    results = [
        RerankResult(
            index=i,
            relevance_score=scores[i],
            document=RerankDocument(text=texts[i]) if body.return_documents else None,
        )
        for i in order
    ]
    meta: dict[str, dict[str, str | int]] = {
        "api_version": {"version": "2"},
        "billed_units": {"search_units": 1},
    }
    return RerankOut(
        id=request_id(request), model=model, results=results, meta=meta, usage={"total_tokens": tokens}
    )


def _relevance(running: Runtime, body: RerankIn) -> tuple[str, list[float], int]:
    service = running.service()
    encoder, reader = service.models.encoder.info.name, service.models.reader.info.name
    name, texts = body.model or encoder, body.texts()
    if name not in (encoder, reader):
        message = f"There is no reranking model {name!r}; there are {encoder!r} and {reader!r}."
        raise NotFound(message, code="model_not_found")
    logits = (
        service.models.ranker.relevance(body.query, texts)
        if name == encoder
        else service.models.reader.relevance(body.query, texts)
    )
    scores = 1 / (1 + np.exp(-np.clip(np.asarray(logits, dtype=np.float64), -60, 60)))
    tokens = sum(len(service.models.encoder.token_spans(text)) for text in [body.query, *texts])
    return name, [float(score) for score in scores], tokens
