"""Embeddings, as clients of OpenAI call them."""

from __future__ import annotations

import base64

import numpy as np
from fastapi import APIRouter

from api.http.auth import Caller, MayRead
from api.http.openapi import openai_errors
from api.http.schemas.openai import EmbeddingOut, EmbeddingsIn, EmbeddingsOut, TokensOut
from api.http.state import Running, Runtime
from rag.errors import InvalidInput, NotFound
from rag.models.types import Encoder, Floats

router = APIRouter(prefix="/v1", tags=["openai"])


@router.post("/embeddings", summary="Embed texts", responses=openai_errors(400, 404, 429, 503))
async def embeddings(body: EmbeddingsIn, running: Running, caller: MayRead) -> EmbeddingsOut:
    """Unit-length vectors of the encoder; `model` names it, or a collection that it has embedded."""
    return await running.run(_embed, running, caller, body)


def _embed(running: Runtime, caller: Caller, body: EmbeddingsIn) -> EmbeddingsOut:
    encoder = running.service().models.encoder
    if body.model != encoder.info.name:
        _admit_collection(running, caller, body.model)
    _admit_dimensions(encoder, body)
    texts = body.texts()
    vectors = _vectors(encoder, texts, body.input_type)
    tokens = sum(len(encoder.token_spans(text)) for text in texts)
    data = [EmbeddingOut(index=i, embedding=_encoded(v, body.encoding_format)) for i, v in enumerate(vectors)]
    usage = TokensOut(prompt_tokens=tokens, total_tokens=tokens)
    return EmbeddingsOut(data=data, model=body.model, usage=usage)


def _admit_collection(running: Runtime, caller: Caller, name: str) -> None:
    caller.require("read", name)
    try:
        running.store.collections.get(name)
    except NotFound as error:
        message = f"{name!r} is neither an embedding model nor a collection."
        raise NotFound(message, code="model_not_found") from error


def _admit_dimensions(encoder: Encoder, body: EmbeddingsIn) -> None:
    info = encoder.info
    if body.dimensions not in (None, info.dimension):
        raise InvalidInput(
            f"{info.name} has {info.dimension} dimensions and cannot be cut to {body.dimensions}."
        )


def _vectors(encoder: Encoder, texts: list[str], input_type: str) -> list[Floats]:
    if input_type == "query":
        return [encoded.dense for encoded in encoder.encode_queries(texts)]
    return [encoded.dense for encoded in encoder.encode_passages(texts)]


def _encoded(vector: Floats, encoding: str) -> list[float] | str:
    if encoding == "base64":
        return base64.b64encode(np.asarray(vector, dtype="<f4").tobytes()).decode("ascii")
    return [float(value) for value in vector]
