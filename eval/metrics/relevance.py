"""Answer relevancy: does the response answer the question, whether or not rightly?"""

from __future__ import annotations

from collections.abc import Sequence
from math import log2, sqrt

from eval.metrics.grounding import plain
from eval.metrics.judge import Judge, NotJudgeable, Sample
from rag.models.loaded import Models
from rag.models.types import Reader


def answer_relevancy(models: Models) -> Judge:
    """The geometric mean of two views: the cosine of question and response in the encoder's vectors
    (negative ones count 0), and the reader's calibrated probability that the response, read as a passage,
    holds an answer to the question.

    RAGAS' answer relevancy (Es et al. 2023, https://arxiv.org/abs/2309.15217) is a cosine too, times 0 for a
    response that does not commit itself; here the reader says so, by degrees. Either may refuse: what is on
    the topic without answering has a low chance, what answers something else a low cosine. No weight is
    fitted; fitted ones rank no better (docs/log.md). Raises NotJudgeable `no_question`, `no_response`.
    """

    def judge(sample: Sample) -> float:
        if not sample.question.strip():
            raise NotJudgeable("There is no question to answer.", code="no_question")
        cosine, chance = cosine_and_chance(sample.question, plain(sample.response), models)
        return sqrt(cosine * chance)

    return judge


def cosine_and_chance(question: str, response: str, models: Models) -> tuple[float, float]:
    """The two views, each from 0 to 1."""
    asked, answer = models.encoder.encode_queries([question, response])
    cosine = min(1.0, max(0.0, float(asked.dense @ answer.dense)))
    return cosine, 1 - models.reader.read(question, [response], top=1).no_answer_probability


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
