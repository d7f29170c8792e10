"""How much of the reference the answer says, as a RAGAS metric."""

from __future__ import annotations

from ragas.dataset_schema import SingleTurnSample
from ragas.metrics.base import MetricOutputType, MetricType, SingleTurnMetric
from ragas.metrics.collections.base import BaseMetric
from ragas.metrics.result import MetricResult
from ragas.run_config import RunConfig

from eval.reading.squad import token_recall


class ReferenceRecall(SingleTurnMetric, BaseMetric):  # type: ignore[misc]
    """Share of the reference's words that the response holds, as SQuAD normalises them, 0 to 1.

    A quoted sentence that has the short answer in it scores 1, where exact match and F1 blame it for the
    rest of the sentence. In both of RAGAS' interfaces.
    """

    output_type = MetricOutputType.CONTINUOUS

    def __init__(self, name: str = "reference_recall") -> None:
        BaseMetric.__init__(self, name=name)
        self._required_columns = {MetricType.SINGLE_TURN: {"response", "reference"}}

    def init(self, run_config: RunConfig) -> None:
        """Called by ragas.evaluate before the first sample; there is nothing to prepare."""

    async def ascore(self, *, response: str, reference: str) -> MetricResult:
        """The score of one row."""
        return MetricResult(value=token_recall(reference, response))

    async def _single_turn_ascore(self, sample: SingleTurnSample, callbacks: object) -> float:
        return token_recall(sample.reference, sample.response)
