"""Models as OpenAI's clients list them: collections to chat with, the encoder to embed with."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool

from api.http.auth import Caller, MayRead
from api.http.openapi import openai_errors
from api.http.schemas.openai import ModelOut, ModelsOut
from api.http.state import Running, Runtime
from rag.errors import NotFound

router = APIRouter(prefix="/v1/models", tags=["openai"])


@router.get("", summary="List models", responses=openai_errors())
async def every(running: Running, caller: MayRead) -> ModelsOut:
    """The collections that the key covers, then the encoder."""
    return ModelsOut(data=await run_in_threadpool(_models, running, caller))


@router.get("/{model}", summary="Look at a model", responses=openai_errors(404))
async def one(model: str, running: Running, caller: MayRead) -> ModelOut:
    """A collection or the encoder."""
    found = await run_in_threadpool(_models, running, caller)
    for known in found:
        if known.id == model:
            return known
    raise NotFound(f"There is no model {model!r}.", code="model_not_found")


def _models(running: Runtime, caller: Caller) -> list[ModelOut]:
    collections = [one for one in running.store.collections.all() if caller.reaches(one.name)]
    chat = [ModelOut(id=one.name, created=int(one.created_at.timestamp())) for one in collections]
    return [*chat, ModelOut(id=running.service().models.encoder.info.name, created=0)]
