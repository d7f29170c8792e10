"""The reader and the checker by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, StringConstraints

from api.http.limits import MAX_PASSAGE, MAX_PASSAGES
from api.http.schemas.base import In, Out, Passage, Question, example
from api.http.schemas.query import EvidenceOut, SpanOut, VerdictOut
from rag.answer.read import evidence_of
from rag.models.types import ReadResult
from rag.types import Label, Sentence

_SENTENCE = "The pump is rated for a working pressure of 16 bar."


class ReadIn(In):
    """A question and the passages to read."""

    model_config = example(
        {
            "question": "What pressure is the pump rated for?",
            "passages": [_SENTENCE, "The motor draws 4 kW."],
        }
    )
    question: Question
    passages: Annotated[list[Passage], Field(min_length=1, max_length=MAX_PASSAGES)]


class ReadingOut(Out):
    """A span of the `passage`-th passage (from 0) that answers, and the probability that the sentence around
    it holds the answer.
    """

    passage: int
    start: int
    end: int
    text: str
    probability: float


class PassageEvidenceOut(Out):
    """A sentence of the `passage`-th passage (from 0), and the probability that it carries evidence."""

    passage: int
    start: int
    end: int
    text: str
    probability: float


class ReadOut(Out):
    """Answers best first, the probability that no passage has one, and the sentences that are more likely
    than not to carry evidence, the likeliest first.
    """

    model_config = example(
        {
            "answers": [{"passage": 0, "start": 44, "end": 50, "text": "16 bar", "probability": 0.93}],
            "no_answer_probability": 0.04,
            "evidence": [{"passage": 0, "start": 0, "end": 51, "text": _SENTENCE, "probability": 0.97}],
        }
    )
    answers: list[ReadingOut]
    no_answer_probability: float
    evidence: list[PassageEvidenceOut]

    @classmethod
    def of(cls, result: ReadResult, passages: Sequence[str]) -> ReadOut:
        """From what the reader found in these passages."""
        answers = [
            ReadingOut(passage=r.passage, start=r.start, end=r.end, text=r.text, probability=r.probability)
            for r in result.readings
        ]
        evidence = [
            PassageEvidenceOut(
                passage=one.passage,
                start=one.start,
                end=one.end,
                text=passages[one.passage][one.start : one.end],
                probability=one.probability,
            )
            for one in evidence_of(result, passages)
        ]
        return cls(answers=answers, no_answer_probability=result.no_answer_probability, evidence=evidence)


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
