"""Answer relevancy: does the response answer the question, whether or not rightly?"""

from __future__ import annotations

from math import sqrt

from eval.judges.models import Models
from eval.judges.sample import Judge, NotJudgeable, Sample
from eval.judges.statements import plain


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
        response = plain(sample.response)
        question, answer = models.encoder.encode_queries([sample.question, response])
        cosine = float(question.dense @ answer.dense)
        answered = 1 - models.reader.read(sample.question, [response], top=1).no_answer_probability
        return sqrt(min(1.0, max(0.0, cosine)) * answered)

    return judge
