"""Citation recall and precision as in ALCE (Gao et al. 2023, https://arxiv.org/abs/2305.14627), with the
checker in place of TRUE.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eval.judges.sample import Judge, Sample
from eval.judges.statements import Statement, statements
from eval.judges.support import Support


@dataclass(frozen=True, slots=True)
class Cited:
    """A statement with the passages it cites by number (known numbers only), how many numbers it cites in
    all, and whether the passages together support it.
    """

    text: str
    passages: tuple[int, ...]
    numbers: int
    supported: bool


def citation_recall(support: Support) -> Judge:
    """The share of sentences whose cited passages, taken together, support them; a sentence without a
    citation counts 0.

    `[n]` is the n-th context, from 1; other numbers cite nothing. Sentences that state nothing are left out,
    unless there are no others. Raises NotJudgeable `no_response`.
    """

    def judge(sample: Sample) -> float:
        found = _cited(sample, support)
        return sum(item.supported for item in found) / len(found)

    return judge


def citation_precision(support: Support) -> Judge:
    """The share of citations that are right, 0 where there are none.

    A citation is right when the sentence is supported by all that it cites, and this one is needed or does
    alone: wrong is one that does not support the sentence by itself while the others without it do. A number
    without a context is wrong. Raises NotJudgeable `no_response`.
    """

    def judge(sample: Sample) -> float:
        found = _cited(sample, support)
        numbers = sum(item.numbers for item in found)
        return _right(found, sample, support) / numbers if numbers else 0.0

    return judge


def _cited(sample: Sample, support: Support) -> list[Cited]:
    found = statements(sample.response)
    passages = [_passages(item, len(sample.contexts)) for item in found]
    evidence = [[sample.contexts[n] for n in numbers] for numbers in passages]
    said = support.supported([item.text for item in found], evidence, sample.question)
    return [
        Cited(item.text, known, len(item.cited), right)
        for item, known, right in zip(found, passages, said, strict=True)
    ]


def _passages(statement: Statement, contexts: int) -> tuple[int, ...]:
    return tuple(number - 1 for number in statement.cited if 1 <= number <= contexts)


def _right(found: Sequence[Cited], sample: Sample, support: Support) -> int:
    """How many citations are right; only those of several in one sentence need another look."""
    supported = [item for item in found if item.supported]
    places = [(item, n) for item in supported if len(item.passages) > 1 for n in item.passages]
    alone = _ask(places, [[n] for _, n in places], sample, support)
    doubtful = [place for place, right in zip(places, alone, strict=True) if not right]
    others = [[m for m in item.passages if m != n] for item, n in doubtful]
    superfluous = sum(_ask(doubtful, others, sample, support))
    return sum(len(item.passages) for item in supported) - superfluous


def _ask(
    places: Sequence[tuple[Cited, int]], passages: Sequence[Sequence[int]], sample: Sample, support: Support
) -> list[bool]:
    evidence = [[sample.contexts[n] for n in numbers] for numbers in passages]
    return support.supported([item.text for item, _ in places], evidence, sample.question)
