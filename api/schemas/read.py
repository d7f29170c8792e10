"""The reader by itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.limits import MAX_PASSAGES
from api.schemas.base import In, Out, Passage, Question, example
from rag.models.types import ReadResult


class ReadIn(In):
    """A question and the passages to read."""

    model_config = example(
        {
            "question": "What pressure is the pump rated for?",
            "passages": ["The pump is rated for a working pressure of 16 bar.", "The motor draws 4 kW."],
        }
    )
    question: Question
    passages: Annotated[list[Passage], Field(min_length=1, max_length=MAX_PASSAGES)]


class ReadingOut(Out):
    """A span of the `passage`-th passage (from 0) that answers, and its probability of being right."""

    passage: int
    start: int
    end: int
    text: str
    probability: float


class ReadOut(Out):
    """Answers best first, and the probability that no passage has one."""

    model_config = example(
        {
            "answers": [{"passage": 0, "start": 44, "end": 50, "text": "16 bar", "probability": 0.93}],
            "no_answer_probability": 0.04,
        }
    )
    answers: list[ReadingOut]
    no_answer_probability: float

    @classmethod
    def of(cls, result: ReadResult) -> ReadOut:
        """From the reader's result."""
        answers = [
            ReadingOut(passage=r.passage, start=r.start, end=r.end, text=r.text, probability=r.probability)
            for r in result.readings
        ]
        return cls(answers=answers, no_answer_probability=result.no_answer_probability)
