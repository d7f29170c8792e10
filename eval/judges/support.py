"""Whether passages support a claim: the one question behind faithfulness and citations."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

from eval.judges.models import Models
from rag.answer.sentences import split

_KEPT = 512
"""Verdicts that are remembered: those of a few samples, whose judges ask the same again."""

Asked = tuple[str, tuple[str, ...], str | None]
"""A claim, its evidence passages and the question."""


class Support:
    """The checker's word on claims, remembered for a while; safe to share between threads.

    A claim that is, white space aside, a whole sentence of the evidence is supported for certain: comparing
    texts is a better check than any model's opinion. Claims without evidence are not supported.
    """

    def __init__(self, models: Models) -> None:
        self._models = models
        self._lock = Lock()
        self._known: OrderedDict[Asked, bool] = OrderedDict()

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

    def _judge(self, asked: Sequence[Asked], question: str | None) -> list[bool]:
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

    def _recall(self, asked: Asked) -> bool | None:
        with self._lock:
            return self._known.get(asked)


def _is_quoted(claim: str, passages: Sequence[str]) -> bool:
    letters = _letters(claim)
    likely = (passage for passage in passages if letters in _letters(passage))  # splitting takes its time
    return any(letters in _sentences(passage) for passage in likely)


def _sentences(passage: str) -> set[str]:
    return {_letters(passage[span.start : span.end]) for span in split(passage)}


def _letters(text: str) -> str:
    """The text without white space: a quote ends in "bar.", where tokenised text has "bar ."."""
    return "".join(text.split())
