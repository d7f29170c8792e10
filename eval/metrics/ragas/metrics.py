"""The small judges as RAGAS metrics: no LLM, no server, the same score on every run.

Each works in both of RAGAS' interfaces: in `ragas.evaluate(dataset, metrics=[…])`, and called with keywords
as `await metric.ascore(user_input=…, response=…)` or `metric.score(…)`, which give a MetricResult.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from ragas.dataset_schema import SingleTurnSample
from ragas.metrics._bleu_score import BleuScore
from ragas.metrics.base import MetricOutputType, MetricType, SingleTurnMetric
from ragas.metrics.collections.base import BaseMetric
from ragas.metrics.result import MetricResult
from ragas.run_config import RunConfig
from sacrebleu import sentence_bleu

from eval.environment import ragas_telemetry_off
from eval.metrics.evidence import coverage_of
from eval.metrics.judge import Judge, NotJudgeable, Sample
from eval.metrics.registry import JUDGES, load_judges
from eval.reading import token_recall
from rag.models.loaded import Lazy, Models
from rag.settings import Settings

NOTHING = ("no_response",)
"""Codes of NotJudgeable for which the score is 0: what is not there answers, states and cites nothing."""


class JudgeMetric(SingleTurnMetric, BaseMetric):  # type: ignore[misc]
    """A judge of eval/metrics as a RAGAS metric, 0 to 1.

    Without `judge` it is the shared one, over the models that the settings name, loaded at the first score.
    An empty response or no context scores 0. Raises NotJudgeable when a column is missing on a row (the code
    is e.g. `no_reference`), which `ragas.evaluate` turns into NaN unless told to raise.
    """

    judged: ClassVar[str]
    columns: ClassVar[tuple[str, ...]]
    output_type = MetricOutputType.CONTINUOUS

    def __init__(self, judge: Judge | None = None, name: str | None = None) -> None:
        ragas_telemetry_off()
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
    """Share of the response's sentences that the contexts support: eval/metrics/grounding.py."""

    judged = "faithfulness"
    columns = ("response", "retrieved_contexts", "user_input:optional")


class AnswerRelevancy(JudgeMetric):
    """Chance that the response answers the question, right or wrong: eval/metrics/relevance.py."""

    judged = "answer_relevancy"
    columns = ("user_input", "response")


class ContextRelevance(JudgeMetric):
    """How far the contexts are about the question: eval/metrics/relevance.py."""

    judged = "context_relevance"
    columns = ("user_input", "retrieved_contexts")


class CitationRecall(JudgeMetric):
    """Share of sentences that what they cite supports: eval/metrics/grounding.py.

    `[n]` in the response is the n-th context, from 1.
    """

    judged = "citation_recall"
    columns = ("response", "retrieved_contexts", "user_input:optional")


class CitationPrecision(JudgeMetric):
    """Share of citations that are right: eval/metrics/grounding.py."""

    judged = "citation_precision"
    columns = ("response", "retrieved_contexts", "user_input:optional")


class BertScore(JudgeMetric):
    """F1 of BERTScore with the encoder's token vectors: eval/metrics/bert_score.py."""

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


class _EvidenceMetric(SingleTurnMetric, BaseMetric):  # type: ignore[misc]
    """A share of words, 0 to 1, in both of RAGAS' interfaces; 0 where nothing was retrieved."""

    share: ClassVar[Literal["recall", "precision"]]
    output_type = MetricOutputType.CONTINUOUS

    def __init__(self, name: str | None = None) -> None:
        ragas_telemetry_off()
        BaseMetric.__init__(self, name=name or f"context_token_{self.share}")
        columns = {"retrieved_contexts", "reference_contexts"}
        self._required_columns = {MetricType.SINGLE_TURN: columns}

    def init(self, run_config: RunConfig) -> None:
        """Called by ragas.evaluate before the first sample; there is nothing to prepare."""

    async def ascore(
        self, *, retrieved_contexts: Sequence[str], reference_contexts: Sequence[str]
    ) -> MetricResult:
        """The score of one row."""
        return MetricResult(value=getattr(coverage_of(reference_contexts, retrieved_contexts), self.share))

    async def _single_turn_ascore(self, sample: SingleTurnSample, callbacks: object) -> float:
        return float(getattr(coverage_of(sample.reference_contexts, sample.retrieved_contexts), self.share))


class ContextTokenRecall(_EvidenceMetric):
    """Share of the words of the reference contexts that were retrieved."""

    share = "recall"


class ContextTokenPrecision(_EvidenceMetric):
    """Share of the words retrieved that belong to the reference contexts."""

    share = "precision"


@dataclass
class WholeTextBleu(BleuScore):  # type: ignore[misc]
    """Smoothed sentence BLEU (Papineni 2002, sacrebleu) of the whole response against the whole reference,
    0 to 1.

    RAGAS 0.4.3 splits both at ". " and pairs them so that only the response's first sentence is scored, and
    a right answer of fewer than four words gets 0; its own class is therefore not used as it is.
    """

    async def _single_turn_ascore(self, sample: SingleTurnSample, callbacks: object) -> float:
        return min(1.0, float(sentence_bleu(sample.response, [sample.reference]).score) / 100)


class ReferenceRecall(SingleTurnMetric, BaseMetric):  # type: ignore[misc]
    """Share of the reference's words that the response holds, as SQuAD normalises them, 0 to 1.

    A quoted sentence that has the short answer in it scores 1, where exact match and F1 blame it for the
    rest of the sentence. In both of RAGAS' interfaces.
    """

    output_type = MetricOutputType.CONTINUOUS

    def __init__(self, name: str = "reference_recall") -> None:
        ragas_telemetry_off()
        BaseMetric.__init__(self, name=name)
        self._required_columns = {MetricType.SINGLE_TURN: {"response", "reference"}}

    def init(self, run_config: RunConfig) -> None:
        """Called by ragas.evaluate before the first sample; there is nothing to prepare."""

    async def ascore(self, *, response: str, reference: str) -> MetricResult:
        """The score of one row."""
        return MetricResult(value=token_recall(reference, response))

    async def _single_turn_ascore(self, sample: SingleTurnSample, callbacks: object) -> float:
        return token_recall(sample.reference, sample.response)


_MODELS: Lazy[Models] = Lazy(lambda: Models(Settings()))
_JUDGES: Lazy[dict[str, Judge]] = Lazy(lambda: load_judges(tuple(JUDGES), _MODELS.get()))


def shared_models() -> Models:
    """The models that the settings named when this was first called."""
    return _MODELS.get()


def shared_judges() -> Mapping[str, Judge]:
    """Every judge over the shared models."""
    return _JUDGES.get()
