"""Faithfulness by the small checker, as a RAGAS metric."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ragas.dataset_schema import SingleTurnSample
from ragas.metrics.base import MetricOutputType, MetricType, SingleTurnMetric
from ragas.run_config import RunConfig

from rag.answer.check import check_text
from rag.models.registry import load_checker
from rag.settings import Settings
from rag.types import Sentence

Check = Callable[[str, Sequence[str], str | None], Sequence[Sentence]]
"""From an answer, its context passages and the question (or None) to checked sentences; Engine.check is
one.
"""


@dataclass
class CheckerFaithfulness(SingleTurnMetric):  # type: ignore[misc]
    """The share of the response's sentences that the retrieved contexts support, 0 to 1.

    RAGAS' own faithfulness (Es et al. 2023) asks an LLM to split the response into claims and to judge
    each; here the claims are its sentences and the judge is the shipped checker, so that no server is
    needed and two runs agree. Without `check` the shipped checker is loaded on first use. Raises ValueError
    for a response without a sentence.
    """

    name: str = "faithfulness"
    _required_columns: dict[MetricType, set[str]] = field(
        default_factory=lambda: {
            MetricType.SINGLE_TURN: {"response", "retrieved_contexts", "user_input:optional"}
        }
    )
    output_type: MetricOutputType = MetricOutputType.CONTINUOUS
    check: Check | None = None

    def init(self, run_config: RunConfig) -> None:
        """Called by ragas.evaluate before the first sample."""
        self.check = self.check or shipped_check()

    async def _single_turn_ascore(self, sample: SingleTurnSample, callbacks: object) -> float:
        self.check = self.check or shipped_check()
        sentences = self.check(sample.response, sample.retrieved_contexts, sample.user_input)
        labels = [sentence.verdict.label for sentence in sentences if sentence.verdict is not None]
        if not labels:
            raise ValueError("The response has no sentence to check.")
        return labels.count("supported") / len(labels)


def shipped_check() -> Check:
    """The check by the checker that the settings name; ModelError when it cannot be loaded."""
    settings = Settings()
    checker = load_checker(settings.checker, settings)

    def check(answer: str, context: Sequence[str], question: str | None) -> Sequence[Sentence]:
        return check_text(answer, context, checker, question)

    return check
