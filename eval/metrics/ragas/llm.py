"""RAGAS' structured LLM over the server of the settings, metered, with errors instead of nonsense."""

from __future__ import annotations

import asyncio
import logging
import math
from typing import TypeVar

import openai
from instructor.core.exceptions import InstructorError
from pydantic import BaseModel
from ragas.dataset_schema import SingleTurnSample
from ragas.embeddings.base import BaseRagasEmbedding
from ragas.llms import llm_factory
from ragas.llms.base import InstructorBaseRagasLLM
from ragas.metrics.base import MetricOutputType, MetricType, SingleTurnMetric
from ragas.metrics.collections import (
    AnswerRelevancy,
    ContextPrecisionWithReference,
    ContextRecall,
    FactualCorrectness,
    Faithfulness,
)
from ragas.metrics.collections.base import BaseMetric
from ragas.run_config import RunConfig

from eval.environment import ragas_telemetry_off
from eval.metrics.ragas.meter import Meter
from eval.metrics.ragas.metrics import shared_models
from rag.answer.llm import NONSENSE, failure
from rag.errors import Conflict, GeneratorError
from rag.models.types import Encoder
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
    ragas_telemetry_off()
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


class LLMMetric(SingleTurnMetric):  # type: ignore[misc]
    """One of RAGAS' newer metrics (ragas.metrics.collections) in its older interface, 0 to 1, never NaN.

    Raises GeneratorError: the codes of the server's failures, `generator_invalid` for a reply that cannot be
    scored.
    """

    output_type = MetricOutputType.CONTINUOUS

    def __init__(self, metric: BaseMetric, columns: tuple[str, ...]) -> None:
        self.name = metric.name
        self._required_columns = {MetricType.SINGLE_TURN: set(columns)}
        self._columns = columns
        self._metric = metric

    def init(self, run_config: RunConfig) -> None:
        """Called by ragas.evaluate; the LLM is here already."""

    async def _single_turn_ascore(self, sample: SingleTurnSample, callbacks: object) -> float:
        result = await self._metric.ascore(**{name: getattr(sample, name) for name in self._columns})
        value = float(result.value)
        if not math.isfinite(value):
            raise GeneratorError("The LLM gave nothing to score.", code="generator_invalid")
        return min(1.0, max(0.0, value))


def llm_metrics(llm: MeteredLLM, encoder: Encoder) -> tuple[LLMMetric, ...]:
    """The metrics over one LLM; answer relevancy compares questions by the encoder.

    At temperature 0 the same prompt gets the same question three times, so it is asked once.
    """
    embeddings = EncoderEmbeddings(encoder)
    question, response, contexts, reference = "user_input", "response", "retrieved_contexts", "reference"
    return (
        LLMMetric(Faithfulness(llm, name="llm_faithfulness"), (question, response, contexts)),
        LLMMetric(
            AnswerRelevancy(llm, embeddings, name="llm_answer_relevancy", strictness=1), (question, response)
        ),
        LLMMetric(
            ContextPrecisionWithReference(llm, name="llm_context_precision"), (question, reference, contexts)
        ),
        LLMMetric(ContextRecall(llm, name="llm_context_recall"), (question, contexts, reference)),
        LLMMetric(FactualCorrectness(llm), (response, reference)),
    )


class EncoderEmbeddings(BaseRagasEmbedding):  # type: ignore[misc]
    """Any Footnote encoder for RAGAS metrics; texts are encoded as passages, so that similarity is
    symmetric.
    """

    def __init__(self, encoder: Encoder | None = None) -> None:
        """Without an encoder it is that of the settings, shared with the metrics."""
        ragas_telemetry_off()
        super().__init__()
        self._encoder = encoder or shared_models().encoder

    def embed_text(self, text: str, **kwargs: object) -> list[float]:
        """The unit-length dense vector (dimension,) of one text."""
        return self.embed_texts([text])[0]

    async def aembed_text(self, text: str, **kwargs: object) -> list[float]:
        """As embed_text: the encoder runs in this process, there is nothing to wait for."""
        return self.embed_text(text)

    def embed_texts(self, texts: list[str], **kwargs: object) -> list[list[float]]:
        """One vector per text, in one batch."""
        return [passage.dense.astype(float).tolist() for passage in self._encoder.encode_passages(texts)]
