"""Evaluations."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints

from api.limits import MAX_QUESTION
from api.schemas.base import CollectionName, In, Out, Passage, example
from rag.types import JobStatus

MAX_CASES = 1_000


class CaseIn(In):
    """A question with what is known of its answer: the more, the more metrics apply."""

    question: Annotated[str, StringConstraints(min_length=1, max_length=MAX_QUESTION)]
    reference: Passage | None = None
    relevant_sources: list[str] | None = None
    contexts: list[Passage] | None = None


class EvaluationIn(In):
    """Cases to ask live. Without `metrics` every metric scores the cases that it applies to."""

    model_config = example(
        {
            "collection": "manuals",
            "cases": [
                {
                    "question": "What pressure is the pump rated for?",
                    "reference": "16 bar",
                    "relevant_sources": ["manuals/pump.pdf"],
                }
            ],
            "metrics": ["faithfulness", "string_present"],
        }
    )
    collection: CollectionName
    cases: Annotated[list[CaseIn], Field(min_length=1, max_length=MAX_CASES)]
    metrics: list[str] | None = None


class ScoreOut(Out):
    """A metric's mean over its `n` cases with a 95 % interval; null where no case could be scored."""

    model_config = ConfigDict(extra="allow")
    mean: float | None
    ci95: tuple[float, float] | None
    n: int


class EvaluationOut(Out):
    """How far the evaluation is, its scores, and each case with the answer that it got."""

    model_config = ConfigDict(
        extra="allow",
        **example(
            {
                "id": "7d1f0c52a4e94d6f9c0b3a8e5f6d7c8b",
                "status": "succeeded",
                "scores": {"faithfulness": {"mean": 0.93, "ci95": [0.88, 0.97], "n": 40}},
                "rows": [
                    {
                        "question": "What pressure is the pump rated for?",
                        "reference": "16 bar",
                        "response": "The pump is rated for a working pressure of 16 bar.",
                        "scores": {"faithfulness": 1.0},
                    }
                ],
            }
        ),
    )
    id: str
    status: JobStatus
    scores: dict[str, ScoreOut]
    rows: list[dict[str, Any]]
