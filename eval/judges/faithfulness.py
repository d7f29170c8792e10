"""Faithfulness: how much of the response the passages support."""

from __future__ import annotations

from eval.judges.sample import Judge, Sample
from eval.judges.statements import statements
from eval.judges.support import Support


def faithfulness(support: Support) -> Judge:
    """The share of the response's sentences that the contexts support, by the checker.

    The measure is that of Es et al. 2023 (https://arxiv.org/abs/2309.15217) with sentences for claims.
    Sentences that state nothing are left out, unless there are no others; markers are not looked at. Raises
    NotJudgeable `no_response`; without contexts the score is 0.
    """

    def judge(sample: Sample) -> float:
        claims = [item.text for item in statements(sample.response)]
        said = support.supported(claims, [sample.contexts] * len(claims), sample.question)
        return sum(said) / len(said)

    return judge
