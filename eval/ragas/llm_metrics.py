"""RAGAS' own LLM metrics, beside ours in one interface."""

from __future__ import annotations

import math

from ragas.dataset_schema import SingleTurnSample
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

from eval.ragas.embeddings import EncoderEmbeddings
from eval.ragas.llm import MeteredLLM
from rag.errors import GeneratorError
from rag.models.types import Encoder


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
