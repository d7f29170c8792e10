"""The reader by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from api.http.limits import MAX_PASSAGES
from api.http.schemas.base import In, Out, Passage, Question, example
from rag.answer.read import evidence_of
from rag.models.types import ReadResult

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


class EvidenceOut(Out):
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
    evidence: list[EvidenceOut]

    @classmethod
    def of(cls, result: ReadResult, passages: Sequence[str]) -> ReadOut:
        """From what the reader found in these passages."""
        answers = [
            ReadingOut(passage=r.passage, start=r.start, end=r.end, text=r.text, probability=r.probability)
            for r in result.readings
        ]
        evidence = [
            EvidenceOut(
                passage=one.passage,
                start=one.start,
                end=one.end,
                text=passages[one.passage][one.start : one.end],
                probability=one.probability,
            )
            for one in evidence_of(result, passages)
        ]
        return cls(answers=answers, no_answer_probability=result.no_answer_probability, evidence=evidence)
