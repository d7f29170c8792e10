"""Whether passages support a claim: the one question behind faithfulness and citations."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from eval.metrics.judge import Judge, NotJudgeable, Sample
from rag.answer.cite import is_statement, strip_markers
from rag.models.loaded import Models
from rag.text.sentences import split_sentences

_KEPT = 512
"""Verdicts that are remembered: those of a few samples, whose judges ask the same again."""

Claim = tuple[str, tuple[str, ...], str | None]
"""A claim, its evidence passages and the question."""


class Support:
    """The checker's word on claims, remembered for a while; safe to share between threads.

    A claim that is, white space aside, a whole sentence of the evidence is supported for certain: comparing
    texts is a better check than any model's opinion. Claims without evidence are not supported.
    """

    def __init__(self, models: Models) -> None:
        self._models = models
        self._lock = Lock()
        self._known: OrderedDict[Claim, bool] = OrderedDict()

    def supported(
        self, claims: Sequence[str], evidence: Sequence[Sequence[str]], question: str | None
    ) -> list[bool]:
        """For each claim whether its own evidence passages, taken together, support it; one batch."""
        asked = [
            (claim, tuple(passages), question or None)
            for claim, passages in zip(claims, evidence, strict=True)
        ]
        found = {item: self._recall(item) for item in asked}
        new = [item for item, known in found.items() if known is None]
        found.update(zip(new, self._judge(new, question or None), strict=True))
        return [bool(found[item]) for item in asked]

    def _judge(self, asked: Sequence[Claim], question: str | None) -> list[bool]:
        said = [_is_quoted(claim, passages) for claim, passages, _ in asked]
        rest = [n for n, quoted in enumerate(said) if not quoted and asked[n][1]]
        if rest:
            claims, passages = [asked[n][0] for n in rest], [asked[n][1] for n in rest]
            for n, verdict in zip(rest, self._models.checker.check(claims, passages, question), strict=True):
                said[n] = verdict.label == "supported"
        with self._lock:
            self._known.update(zip(asked, said, strict=True))
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return said

    def _recall(self, asked: Claim) -> bool | None:
        with self._lock:
            return self._known.get(asked)


def _is_quoted(claim: str, passages: Sequence[str]) -> bool:
    letters = _letters(claim)
    likely = (passage for passage in passages if letters in _letters(passage))  # splitting takes its time
    return any(letters in _support_sentences(passage) for passage in likely)


def _support_sentences(passage: str) -> set[str]:
    return {_letters(passage[span.start : span.end]) for span in split_sentences(passage)}


def _letters(text: str) -> str:
    """The text without white space: a quote ends in "bar.", where tokenised text has "bar ."."""
    return "".join(text.split())


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence without its markers, and the numbers of its markers, each once, in order."""

    text: str
    cited: tuple[int, ...] = ()


def statements(response: str) -> list[Statement]:
    """The sentences that state something, or all of them where none does ("Yes.").

    Markers on a line of their own belong to the sentence before. Raises NotJudgeable `no_response` for a
    response without a word.
    """
    found = _sentences(response)
    if not found:
        raise NotJudgeable("The response is empty.", code="no_response")
    return [item for item in found if is_statement(item.text)] or found


def plain(response: str) -> str:
    """The response without citation markers. Raises NotJudgeable `no_response` when nothing is left."""
    text = strip_markers(response)[0].strip()
    if not any(character.isalnum() for character in text):
        raise NotJudgeable("The response is empty.", code="no_response")
    return text


def _sentences(response: str) -> list[Statement]:
    found: list[Statement] = []
    for span in split_sentences(response):
        text, marks = strip_markers(response[span.start : span.end])
        cited = [number for _, number in marks]
        if any(character.isalnum() for character in text):
            found.append(_statement(text.strip(), cited))
        elif cited and found:
            found[-1] = _statement(found[-1].text, [*found[-1].cited, *cited])
    return found


def _statement(text: str, cited: Sequence[int]) -> Statement:
    return Statement(text, tuple(dict.fromkeys(cited)))


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


@dataclass(frozen=True, slots=True)
class CitedStatement:
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


def _cited(sample: Sample, support: Support) -> list[CitedStatement]:
    found = statements(sample.response)
    passages = [_passages(item, len(sample.contexts)) for item in found]
    evidence = [[sample.contexts[n] for n in numbers] for numbers in passages]
    said = support.supported([item.text for item in found], evidence, sample.question)
    return [
        CitedStatement(item.text, known, len(item.cited), right)
        for item, known, right in zip(found, passages, said, strict=True)
    ]


def _passages(statement: Statement, contexts: int) -> tuple[int, ...]:
    return tuple(number - 1 for number in statement.cited if 1 <= number <= contexts)


def _right(found: Sequence[CitedStatement], sample: Sample, support: Support) -> int:
    """How many citations are right; only those of several in one sentence need another look."""
    supported = [item for item in found if item.supported]
    places = [(item, n) for item in supported if len(item.passages) > 1 for n in item.passages]
    alone = _ask(places, [[n] for _, n in places], sample, support)
    doubtful = [place for place, right in zip(places, alone, strict=True) if not right]
    others = [[m for m in item.passages if m != n] for item, n in doubtful]
    superfluous = sum(_ask(doubtful, others, sample, support))
    return sum(len(item.passages) for item in supported) - superfluous


def _ask(
    places: Sequence[tuple[CitedStatement, int]],
    passages: Sequence[Sequence[int]],
    sample: Sample,
    support: Support,
) -> list[bool]:
    evidence = [[sample.contexts[n] for n in numbers] for numbers in passages]
    return support.supported([item.text for item, _ in places], evidence, sample.question)
