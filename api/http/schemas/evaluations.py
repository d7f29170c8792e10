"""Evaluations."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from api.http.schemas.base import CollectionName, In, Out, Passage, example
from api.http.schemas.jobs import JobProgressOut
from eval.cases import Case
from eval.runs.execute import Limits, RunRequest
from eval.runs.setup import AskOptions
from rag.settings import LONGEST_QUESTION
from rag.types import AnswerMode, CheckPolicy, Job, JobStatus

MAX_CASES = 1_000


class CaseIn(In):
    """A question with what is known of its answer: the more, the more metrics apply.

    `answerable` false makes an abstention the right answer; results are sliced by `type`.
    """

    question: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_QUESTION)]
    reference: Passage | None = None
    relevant_sources: list[str] | None = None
    contexts: list[Passage] | None = None
    id: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    type: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    answerable: bool | None = None
    synthetic: bool = False

    def case(self) -> Case:
        """As the evaluation takes it; an empty list says as little as none."""
        return Case(
            question=self.question,
            reference=self.reference,
            relevant_sources=tuple(self.relevant_sources or ()) or None,
            contexts=tuple(self.contexts or ()) or None,
            id=self.id,
            type=self.type,
            answerable=self.answerable,
            synthetic=self.synthetic,
        )


class EvaluationIn(In):
    """Cases to ask live. Without `metrics` every metric that needs no LLM scores the cases it applies to.

    `k`, `mode` and `check` are those of `/v1/query`. `at_once` questions are asked at a time; once they have
    cost `max_cost`, in the currency of the settings, no further one is asked.
    """

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
    k: Annotated[int, Field(ge=1, le=100)] = 5
    mode: AnswerMode = "auto"
    check: CheckPolicy | None = None
    at_once: Annotated[int, Field(ge=1, le=16)] = 1
    max_cost: Annotated[float, Field(ge=0)] | None = None
    seed: int = 0

    def asked(self) -> RunRequest:
        """As the evaluation takes it."""
        limits = Limits(at_once=self.at_once, max_cost=self.max_cost)
        asking = AskOptions(self.k, self.mode, self.check)
        cases = [one.case() for one in self.cases]
        return RunRequest(cases, self.collection, self.metrics, asking, limits, self.seed)


class ScoreOut(Out):
    """A metric's mean over its `n` cases with a 95 % interval; null where no case could be scored."""

    model_config = ConfigDict(extra="allow")
    mean: float | None
    ci95: tuple[float, float] | None
    n: int


class EvaluationErrorOut(Out):
    """Why an evaluation did not end well."""

    code: str
    message: str


class EvaluationOut(Out):
    """How far the evaluation is, its scores, and each case with the answer that it got.

    Scores and rows are there once it has ended (`succeeded`, or `partial` where questions failed).
    """

    model_config = ConfigDict(
        extra="allow",
        **example(
            {
                "id": "7d1f0c52a4e94d6f9c0b3a8e5f6d7c8b",
                "status": "succeeded",
                "progress": {
                    "done": 40,
                    "total": 40,
                    "chunks": 0,
                    "files_per_second": 2.5,
                    "chunks_per_second": 0.0,
                    "seconds_left": 0.0,
                },
                "scores": {"faithfulness": {"mean": 0.93, "ci95": [0.88, 0.97], "n": 40}},
                "rows": [
                    {
                        "question": "What pressure is the pump rated for?",
                        "reference": "16 bar",
                        "response": "The pump is rated for a working pressure of 16 bar.",
                        "scores": {"faithfulness": 1.0},
                    }
                ],
                "error": None,
            }
        ),
    )
    id: str
    status: JobStatus
    progress: JobProgressOut
    scores: dict[str, ScoreOut]
    rows: list[dict[str, Any]]
    error: EvaluationErrorOut | None = None

    @classmethod
    def of(cls, job: Job, report: dict[str, Any] | None) -> EvaluationOut:
        """From the job and, once it has ended, the JSON of its report."""
        error = None
        if job.errors:
            error = {"code": job.errors[0].code, "message": job.errors[0].message}
        found = {"scores": {}, "rows": [], **(report or {})}
        about = {"id": job.id, "status": job.status, "progress": JobProgressOut.of(job), "error": error}
        return cls.model_validate({**found, **about})


_BRIEF: JsonDict = {
    "id": "7d1f0c52a4e94d6f9c0b3a8e5f6d7c8b",
    "collection": "manuals",
    "status": "running",
    "progress": {
        "done": 12,
        "total": 40,
        "chunks": 0,
        "files_per_second": 2.5,
        "chunks_per_second": 0.0,
        "seconds_left": 11.2,
    },
}


class EvaluationBriefOut(Out):
    """An evaluation in a list."""

    model_config = example(_BRIEF)
    id: str
    collection: str
    status: JobStatus
    progress: JobProgressOut

    @classmethod
    def of(cls, job: Job) -> EvaluationBriefOut:
        """From the job."""
        return cls(id=job.id, collection=job.collection, status=job.status, progress=JobProgressOut.of(job))


class EvaluationsOut(Out):
    """Evaluations, newest first."""

    model_config = example({"evaluations": [_BRIEF]})
    evaluations: list[EvaluationBriefOut]
