"""Evidence in the retrieved contexts, word by word, as RAGAS metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from ragas.dataset_schema import SingleTurnSample
from ragas.metrics.base import MetricOutputType, MetricType, SingleTurnMetric
from ragas.metrics.collections.base import BaseMetric
from ragas.metrics.result import MetricResult
from ragas.run_config import RunConfig

from eval.evidence_words import covered


class _EvidenceMetric(SingleTurnMetric, BaseMetric):  # type: ignore[misc]
    """A share of words, 0 to 1, in both of RAGAS' interfaces; 0 where nothing was retrieved."""

    share: ClassVar[Literal["recall", "precision"]]
    output_type = MetricOutputType.CONTINUOUS

    def __init__(self, name: str | None = None) -> None:
        BaseMetric.__init__(self, name=name or f"context_token_{self.share}")
        columns = {"retrieved_contexts", "reference_contexts"}
        self._required_columns = {MetricType.SINGLE_TURN: columns}

    def init(self, run_config: RunConfig) -> None:
        """Called by ragas.evaluate before the first sample; there is nothing to prepare."""

    async def ascore(
        self, *, retrieved_contexts: Sequence[str], reference_contexts: Sequence[str]
    ) -> MetricResult:
        """The score of one row."""
        return MetricResult(value=getattr(covered(reference_contexts, retrieved_contexts), self.share))

    async def _single_turn_ascore(self, sample: SingleTurnSample, callbacks: object) -> float:
        return float(getattr(covered(sample.reference_contexts, sample.retrieved_contexts), self.share))


class ContextTokenRecall(_EvidenceMetric):
    """Share of the words of the reference contexts that were retrieved."""

    share = "recall"


class ContextTokenPrecision(_EvidenceMetric):
    """Share of the words retrieved that belong to the reference contexts."""

    share = "precision"
