"""BLEU of whole answers."""

from __future__ import annotations

from dataclasses import dataclass

from ragas.dataset_schema import SingleTurnSample
from ragas.metrics._bleu_score import BleuScore
from sacrebleu import sentence_bleu


@dataclass
class WholeTextBleu(BleuScore):  # type: ignore[misc]
    """Smoothed sentence BLEU (Papineni 2002, sacrebleu) of the whole response against the whole reference,
    0 to 1.

    RAGAS 0.4.3 splits both at ". " and pairs them so that only the response's first sentence is scored, and
    a right answer of fewer than four words gets 0; its own class is therefore not used as it is.
    """

    async def _single_turn_ascore(self, sample: SingleTurnSample, callbacks: object) -> float:
        return min(1.0, float(sentence_bleu(sample.response, [sample.reference]).score) / 100)
