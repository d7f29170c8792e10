"""Context relevance: how far what was retrieved is about the question, by the reader."""

from __future__ import annotations

from collections.abc import Sequence
from math import log2

from eval.judges.models import Models
from eval.judges.sample import Judge, NotJudgeable, Sample
from rag.models.types import Reader


def context_relevance(models: Models) -> Judge:
    """The chance that a context holds the answer, by the reader, as a mean over the contexts with the
    discount of nDCG (Järvelin and Kekäläinen 2002): the n-th counts 1 / log2(n + 1).

    1 when every context surely answers, so with few right passages among many the score is low however
    they are ordered; between systems that retrieve equally many it compares. Without contexts it is 0.
    Raises NotJudgeable `no_question`.
    """

    def judge(sample: Sample) -> float:
        if not sample.question.strip():
            raise NotJudgeable("There is no question to be relevant to.", code="no_question")
        return discounted_mean(chances(sample.question, sample.contexts, models.reader))

    return judge


def chances(question: str, contexts: Sequence[str], reader: Reader) -> list[float]:
    """For each context by itself the reader's calibrated probability that it holds an answer."""
    return [1 - reader.read(question, [context], top=1).no_answer_probability for context in contexts]


def discounted_mean(values: Sequence[float]) -> float:
    """The mean with weights 1 / log2(rank + 1), 0 for no values."""
    weights = [1 / log2(rank + 1) for rank in range(1, len(values) + 1)]
    total = sum(weight * value for weight, value in zip(weights, values, strict=True))
    return total / sum(weights) if weights else 0.0
