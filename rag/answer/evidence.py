"""Which sentences of the passages carry the evidence, from the reader's marks of their tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

from rag.answer.sentences import split
from rag.models.types import ReadResult, TokenMark
from rag.types import Span


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence of `passage` (an index), and the probability that it carries evidence for the question."""

    passage: int
    start: int
    end: int
    probability: float


def evidence_of(result: ReadResult, passages: Sequence[str], least: float = 0.5) -> list[Evidence]:
    """The sentences with at least that probability over all passages, best first; [] from a reader without
    marks.
    """
    found = [
        Evidence(index, span.start, span.end, probability)
        for index, (text, marks) in enumerate(zip(passages, result.marks, strict=False))
        for span, probability in sentence_evidence(text, marks)
        if probability >= least
    ]
    return sorted(found, key=lambda one: -one.probability)


def sentence_evidence(text: str, marks: Sequence[TokenMark]) -> list[tuple[Span, float]]:
    """Each sentence of the text in order with its probability: that of its tokens' mean logit, 0 for one
    without tokens. The marks are in the text's order.
    """
    found, place = [], 0
    for span in split(text):
        while place < len(marks) and marks[place].start < span.start:
            place += 1
        first = place
        while place < len(marks) and marks[place].start < span.end:
            place += 1
        logits = [mark.logit for mark in marks[first:place]]
        found.append((span, 1 / (1 + exp(-sum(logits) / len(logits))) if logits else 0.0))
    return found
