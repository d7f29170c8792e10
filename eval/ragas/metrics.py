"""The small judges as RAGAS metrics: no LLM, no server, the same score on every run.

Each works in both of RAGAS' interfaces: in `ragas.evaluate(dataset, metrics=[…])`, and called with keywords
as `await metric.ascore(user_input=…, response=…)` or `metric.score(…)`, which give a MetricResult.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from ragas.dataset_schema import SingleTurnSample
from ragas.metrics.base import MetricOutputType, MetricType, SingleTurnMetric
from ragas.metrics.collections.base import BaseMetric
from ragas.metrics.result import MetricResult
from ragas.run_config import RunConfig

from eval.judges.sample import Judge, NotJudgeable, Sample
from eval.ragas.models import shared_judges

NOTHING = ("no_response",)
"""Codes of NotJudgeable for which the score is 0: what is not there answers, states and cites nothing."""


class JudgeMetric(SingleTurnMetric, BaseMetric):  # type: ignore[misc]
    """A judge of eval/judges as a RAGAS metric, 0 to 1.

    Without `judge` it is the shared one, over the models that the settings name, loaded at the first score.
    An empty response or no context scores 0. Raises NotJudgeable when a column is missing on a row (the code
    is e.g. `no_reference`), which `ragas.evaluate` turns into NaN unless told to raise.
    """

    judged: ClassVar[str]
    columns: ClassVar[tuple[str, ...]]
    output_type = MetricOutputType.CONTINUOUS

    def __init__(self, judge: Judge | None = None, name: str | None = None) -> None:
        BaseMetric.__init__(self, name=name or self.judged)
        self._required_columns = {MetricType.SINGLE_TURN: set(self.columns)}
        self._judge = judge

    def init(self, run_config: RunConfig) -> None:
        """Called by ragas.evaluate before the first sample; there is nothing to prepare."""

    async def ascore(
        self,
        *,
        user_input: str | None = None,
        response: str | None = None,
        retrieved_contexts: Sequence[str] | None = None,
        reference: str | None = None,
    ) -> MetricResult:
        """The score of one row, with the reason where it is 0 for want of a response."""
        given = {
            "user_input": user_input,
            "response": response,
            "retrieved_contexts": retrieved_contexts,
            "reference": reference,
        }
        for column in self.columns:
            if column in given and given[column] is None:
                raise NotJudgeable(f"The row has no {column}.", code=f"no_{column}")
        sample = Sample(user_input or "", response or "", tuple(retrieved_contexts or ()), reference)
        try:
            return MetricResult(value=(self._judge or shared_judges()[self.judged])(sample))
        except NotJudgeable as error:
            if error.code not in NOTHING:
                raise
            return MetricResult(value=0.0, reason=error.message)

    async def _single_turn_ascore(self, sample: SingleTurnSample, callbacks: object) -> float:
        result = await self.ascore(
            user_input=sample.user_input,
            response=sample.response,
            retrieved_contexts=sample.retrieved_contexts,
            reference=sample.reference,
        )
        return float(result.value)


class Faithfulness(JudgeMetric):
    """Share of the response's sentences that the contexts support: eval/judges/faithfulness.py."""

    judged = "faithfulness"
    columns = ("response", "retrieved_contexts", "user_input:optional")


class AnswerRelevancy(JudgeMetric):
    """Chance that the response answers the question, right or wrong: eval/judges/answer_relevancy.py."""

    judged = "answer_relevancy"
    columns = ("user_input", "response")


class ContextRelevance(JudgeMetric):
    """How far the contexts are about the question: eval/judges/context_relevance.py."""

    judged = "context_relevance"
    columns = ("user_input", "retrieved_contexts")


class CitationRecall(JudgeMetric):
    """Share of sentences that what they cite supports: eval/judges/citations.py. `[n]` in the response is the
    n-th context, from 1.
    """

    judged = "citation_recall"
    columns = ("response", "retrieved_contexts", "user_input:optional")


class CitationPrecision(JudgeMetric):
    """Share of citations that are right: eval/judges/citations.py."""

    judged = "citation_precision"
    columns = ("response", "retrieved_contexts", "user_input:optional")


class BertScore(JudgeMetric):
    """F1 of BERTScore with the encoder's token vectors: eval/judges/bert_score.py."""

    judged = "bert_score"
    columns = ("response", "reference")


METRICS: tuple[type[JudgeMetric], ...] = (
    Faithfulness,
    AnswerRelevancy,
    ContextRelevance,
    CitationRecall,
    CitationPrecision,
    BertScore,
)
CheckerFaithfulness = Faithfulness
"""The name of before."""
