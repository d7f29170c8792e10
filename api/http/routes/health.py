"""Health, readiness and metrics; no key needed."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from api.http.openapi import Responses
from api.http.schemas.health import CheckLine, HealthOut, ReadyOut
from api.http.state import Running

router = APIRouter(tags=["health"])

_METRICS: Responses = {
    200: {
        "content": {
            "text/plain": {"example": 'footnote_questions_total{route="reader",verdict="supported"} 12.0\n'}
        }
    }
}


@router.get("/health", summary="Is the process alive?")
async def health() -> HealthOut:
    """Answers as soon as the process listens."""
    return HealthOut()


@router.get(
    "/ready",
    summary="Can questions be answered?",
    responses={503: {"model": ReadyOut, "description": "Not yet; `checks` says what is missing."}},
)
def ready(running: Running, response: Response) -> ReadyOut:
    """503 until the store answers, the models are loaded and the indexes are caught up."""
    checks = running.checks()
    well = all(check.ok for check in checks.values())
    response.status_code = 200 if well else 503
    lines = {name: CheckLine(ok=check.ok, detail=check.detail) for name, check in checks.items()}
    return ReadyOut(status="ready" if well else "unavailable", checks=lines)


@router.get("/metrics", summary="Metrics for Prometheus", response_class=Response, responses=_METRICS)
def metrics(running: Running) -> Response:
    """Requests, stages, questions by route and verdict, abstentions, places, jobs and index lag."""
    return Response(running.metrics.text(), media_type=CONTENT_TYPE_LATEST)
