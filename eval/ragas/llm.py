"""RAGAS' structured LLM over the server of the settings, metered, with errors instead of nonsense."""

from __future__ import annotations

import asyncio
import logging
from typing import TypeVar

import openai
from instructor.core.exceptions import InstructorError
from pydantic import BaseModel
from ragas.llms import llm_factory
from ragas.llms.base import InstructorBaseRagasLLM

from eval.ragas.meter import Meter
from rag.answer.wire import NONSENSE, failure
from rag.errors import Conflict, GeneratorError
from rag.settings import Settings

Reply = TypeVar("Reply", bound=BaseModel)

LEAST_TOKENS = 2048
"""Room for a reply, whatever the settings allow an answer: it lists every claim with a reason."""
RETRIES = 1
"""Further tries, of a lost connection and of a reply that is not what was asked for."""


class MeteredLLM(InstructorBaseRagasLLM):  # type: ignore[misc]
    """An LLM for RAGAS' metrics. It asks by a client that blocks, in a thread where the caller does not:
    metrics may then run in any number of event loops, one after the other.
    """

    def __init__(self, inner: InstructorBaseRagasLLM, meter: Meter) -> None:
        self._inner = inner
        self.meter = meter
        inner.client.on("completion:response", self._count)

    def generate(self, prompt: str, response_model: type[Reply]) -> Reply:
        """The reply as an object of `response_model`. Raises GeneratorError, whose message holds neither the
        key nor what the server said, and CostLimit before asking.
        """
        self.meter.check()
        try:
            reply: Reply = self._inner.generate(prompt, response_model)
        except (*NONSENSE, InstructorError) as error:
            raise failure(error, "The LLM did not give the structured reply it was asked for.") from None
        if not _makes_sense(reply):
            raise GeneratorError("The LLM's verdict is empty or no verdict.", code="generator_invalid")
        return reply

    async def agenerate(self, prompt: str, response_model: type[Reply]) -> Reply:
        """As generate."""
        return await asyncio.to_thread(self.generate, prompt, response_model)

    def _count(self, response: object) -> None:
        """Called by instructor for every reply, also for those that it rejects."""
        usage = getattr(response, "usage", None)
        prompt, completion = (getattr(usage, f"{part}_tokens", 0) or 0 for part in ("prompt", "completion"))
        self.meter.count(int(prompt), int(completion))


def open_llm(settings: Settings, limit: float | None = None) -> MeteredLLM:
    """The LLM that the settings describe, at temperature 0; `limit` is the most that it may cost.

    Raises Conflict `no_generator` where they name none.
    """
    if not (settings.llm_url and settings.llm_model):
        raise Conflict(
            "No LLM is configured; set FOOTNOTE_LLM_URL and FOOTNOTE_LLM_MODEL.",
            code="no_generator",
        )
    logging.getLogger("instructor").setLevel(logging.CRITICAL)  # it quotes what the server said
    key = settings.llm_key.get_secret_value() if settings.llm_key else "none"
    client = openai.OpenAI(
        api_key=key, base_url=settings.llm_url, timeout=settings.llm_timeout_s, max_retries=RETRIES
    )
    tokens = max(settings.llm_max_tokens, LEAST_TOKENS)
    inner = llm_factory(
        settings.llm_model,
        client=client,
        adapter="instructor",
        temperature=0.0,
        top_p=1.0,
        max_tokens=tokens,
        max_retries=RETRIES,
    )
    return MeteredLLM(inner, Meter(settings.llm_prompt_cost, settings.llm_completion_cost, limit))


def _makes_sense(reply: BaseModel) -> bool:
    """Whether a reply can be scored: no list or text in it is empty but for a reason, and every number is a
    verdict of 0 or 1.

    RAGAS would make NaN or 0 of the first and any number of the second.
    """
    return all(_is_sound(value) for name, value in reply if name != "reason")


def _is_sound(value: object) -> bool:
    if isinstance(value, BaseModel):
        return _makes_sense(value)
    if isinstance(value, list):
        return bool(value) and all(_is_sound(item) for item in value)
    if isinstance(value, int | float):
        return value in (0, 1)
    return not isinstance(value, str) or bool(value.strip())
