"""Evaluations: start one, follow it, read its scores and its report."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse, PlainTextResponse

from api.http.auth import Caller, MayRead, MayWrite
from api.http.openapi import Responses, errors
from api.http.routes.jobs import newest, reached
from api.http.schemas.evaluations import EvaluationBriefOut, EvaluationIn, EvaluationOut, EvaluationsOut
from api.http.schemas.jobs import JobOut, JobStarted
from api.http.state import Running, Runtime
from eval.evaluations import ENDED, KIND, find, read_report, read_run, submit
from eval.report.json import to_json
from eval.report.markdown import to_markdown
from eval.runs.compare import compare
from eval.runs.record import Run

router = APIRouter(prefix="/v1/evaluations", tags=["evaluations"])

_REPORT: Responses = {
    200: {
        "description": "One page without anything from the network, or the same as Markdown or JSON.",
        "content": {
            "text/html": {"example": "<!doctype html>…"},
            "text/markdown": {"example": "# Evaluation of `manuals` …"},
            "application/json": {"example": {"collection": "manuals", "scores": {}, "rows": []}},
        },
    }
}


@router.post("", status_code=202, summary="Evaluate a collection", responses=errors(404, 422, 503))
def start(body: EvaluationIn, response: Response, running: Running, caller: MayWrite) -> JobStarted:
    """Asks every question and scores the answers, in a job. Needs the extra `eval` on the server."""
    caller.require("write", body.collection)
    running.store.collections.get(body.collection)
    job = submit(running.store, running.settings, body.asked())
    response.headers["Location"] = f"/v1/evaluations/{job.id}"
    return JobStarted(job=JobOut.of(job))


@router.get("", summary="List evaluations", responses=errors(422))
def every(
    running: Running,
    caller: MayRead,
    collection: Annotated[str | None, Query(description="Only those of this collection.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> EvaluationsOut:
    """Newest first, those of the collections that the key covers."""
    found = newest(running.store, caller, collection, limit=limit, kind=KIND)
    return EvaluationsOut(evaluations=[EvaluationBriefOut.of(job) for job in found])


@router.get("/{evaluation_id}", summary="Read an evaluation", responses=errors(404, 503))
def one(evaluation_id: str, running: Running, caller: MayRead) -> EvaluationOut:
    """Its status and progress, and once it has ended the scores with their intervals and every row."""
    job = find(running.store, evaluation_id)
    reached(running.store, caller, evaluation_id)
    if job.status not in ENDED:
        return EvaluationOut.of(job, None)
    return EvaluationOut.of(job, json.loads(read_report(running.store, evaluation_id)))


@router.get(
    "/{evaluation_id}/report",
    summary="The report of an evaluation",
    response_class=HTMLResponse,
    responses={**errors(404, 409, 422, 503), **_REPORT},
)
def report(
    evaluation_id: str,
    running: Running,
    caller: MayRead,
    form: Annotated[Literal["html", "markdown", "json"], Query(alias="format")] = "html",
    baseline: Annotated[str | None, Query(description="Id of the evaluation to compare with.")] = None,
) -> Response:
    """Scores with intervals, calibration, latency and cost, the worst answers with their evidence."""
    run = _run(running, caller, evaluation_id)
    found = (
        compare(_run(running, caller, baseline), run, names=(baseline, evaluation_id)) if baseline else None
    )
    if form == "json":
        return Response(to_json(run, found), media_type="application/json")
    if form == "markdown":
        return PlainTextResponse(to_markdown(run, found), media_type="text/markdown")
    from eval.report.html import to_html  # with its templates a tenth of the start

    return HTMLResponse(to_html(run, found))


def _run(running: Runtime, caller: Caller, evaluation_id: str) -> Run:
    find(running.store, evaluation_id)
    reached(running.store, caller, evaluation_id)
    return read_run(running.store, evaluation_id)
