"""The checker by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, StringConstraints

from api.http.limits import MAX_PASSAGE, MAX_PASSAGES
from api.http.schemas.base import In, Out, Passage, Question, example
from api.http.schemas.query import EvidenceOut, SpanOut, VerdictOut
from rag.types import Label, Sentence


class CheckIn(In):
    """An answer and the passages that should support it."""

    model_config = example(
        {
            "answer": "The pump is rated for 16 bar.",
            "context": ["The pump is rated for a working pressure of 16 bar."],
            "question": "What pressure is the pump rated for?",
        }
    )
    answer: Annotated[str, StringConstraints(min_length=1, max_length=MAX_PASSAGE)]
    context: Annotated[list[Passage], Field(max_length=MAX_PASSAGES)]
    question: Question | None = None


class CheckedSentence(Out):
    """A sentence of the answer with its verdict, the evidence for it, and the spans that nothing supports."""

    text: str
    start: int
    end: int
    label: Label
    probability: float
    support: float
    evidence: list[EvidenceOut]
    unsupported_spans: list[SpanOut]


class CheckOut(Out):
    """Sentences in order, and the share of them that is supported (0 when there is none)."""

    model_config = example(
        {
            "sentences": [
                {
                    "text": "The pump is rated for 16 bar.",
                    "start": 0,
                    "end": 29,
                    "label": "supported",
                    "probability": 0.97,
                    "support": 0.97,
                    "evidence": [{"context": 0, "start": 0, "end": 51}],
                    "unsupported_spans": [],
                }
            ],
            "supported": 1.0,
        }
    )
    sentences: list[CheckedSentence]
    supported: float

    @classmethod
    def of(cls, sentences: Sequence[Sentence]) -> CheckOut:
        """From the answer's checked sentences."""
        checked = [_checked(sentence) for sentence in sentences]
        share = sum(c.label == "supported" for c in checked) / len(checked) if checked else 0.0
        return cls(sentences=checked, supported=share)


def _checked(sentence: Sentence) -> CheckedSentence:
    assert sentence.verdict is not None, "a check gives every sentence a verdict"
    verdict = VerdictOut.of(sentence.verdict)
    return CheckedSentence(
        text=sentence.text,
        start=sentence.start,
        end=sentence.end,
        label=verdict.label,
        probability=verdict.probability,
        support=verdict.support,
        evidence=verdict.evidence,
        unsupported_spans=verdict.unsupported_spans,
    )
