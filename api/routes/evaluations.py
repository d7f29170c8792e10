"""Evaluations: start one, read its scores."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.auth import MayRead, MayWrite
from api.routes.answers import errors
from api.routes.jobs import reached
from api.schemas.evaluations import EvaluationIn, EvaluationOut
from api.schemas.jobs import JobOut, JobStarted
from api.state import Running
from eval.cases import Case

router = APIRouter(prefix="/v1/evaluations", tags=["evaluations"])


@router.post("", status_code=202, summary="Evaluate a collection", responses=errors(404, 422, 503))
def start(body: EvaluationIn, response: Response, running: Running, caller: MayWrite) -> JobStarted:
    """Asks every question and scores the answers, in a job. Needs the extra `eval` on the server."""
    caller.require("write", body.collection)
    running.store.collection(body.collection)
    cases = [
        Case(
            question=one.question,
            reference=one.reference,
            relevant_sources=None if one.relevant_sources is None else tuple(one.relevant_sources),
            contexts=None if one.contexts is None else tuple(one.contexts),
        )
        for one in body.cases
    ]
    job = running.evaluations().submit(body.collection, cases, body.metrics)
    response.headers["Location"] = f"/v1/evaluations/{job.id}"
    return JobStarted(job=JobOut.of(job))


@router.get("/{evaluation_id}", summary="Read an evaluation", responses=errors(404, 503))
def one(evaluation_id: str, running: Running, caller: MayRead) -> EvaluationOut:
    """Its status, and once it has succeeded the scores with their intervals and every row."""
    found = running.evaluations().result(evaluation_id)
    reached(running.store, caller, evaluation_id)
    return EvaluationOut.model_validate(found)
