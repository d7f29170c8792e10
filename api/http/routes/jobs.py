"""Jobs: list, look at, cancel, retry, follow."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from typing import Annotated

import anyio
from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from api.http import sse
from api.http.auth import Caller, MayRead, MayWrite
from api.http.openapi import Responses, errors
from api.http.schemas.jobs import JobOut, JobsOut
from api.http.state import Running
from rag.errors import NotFound
from rag.store import Store
from rag.types import Job, JobStatus

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

POLL_SECONDS = 0.25
FINISHED: frozenset[JobStatus] = frozenset({"succeeded", "partial", "failed", "cancelled"})
_STREAM: Responses = {
    200: {
        "description": "An event `job` at once and after every change; the stream ends with the job.",
        "content": {"text/event-stream": {"example": 'event: job\ndata: {"id": "7d1f…", …}\n\n'}},
    }
}


@router.get("", summary="List jobs", responses=errors(422))
def every(
    running: Running,
    caller: MayRead,
    collection: Annotated[str | None, Query(description="Only those of this collection.")] = None,
    status: Annotated[JobStatus | None, Query(description="Only those in this state.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> JobsOut:
    """Newest first, those of the collections that the key covers."""
    found = newest(running.store, caller, collection, status=status, limit=limit)
    return JobsOut(jobs=[JobOut.of(job) for job in found])


@router.get("/{job_id}", summary="Look at a job", responses=errors(404))
def one(job_id: str, running: Running, caller: MayRead) -> JobOut:
    """With its counts and what failed."""
    return JobOut.of(reached(running.store, caller, job_id))


@router.post("/{job_id}/cancel", summary="Cancel a job", responses=errors(404, 409))
def cancel(job_id: str, running: Running, caller: MayWrite) -> JobOut:
    """Stops within two seconds, in the middle of a file if need be; what was committed stays."""
    reached(running.store, caller, job_id)
    running.store.jobs.cancel(job_id)
    return JobOut.of(running.store.jobs.get(job_id))


@router.post("/{job_id}/retry", summary="Retry what failed", responses=errors(404, 409))
def retry(job_id: str, running: Running, caller: MayWrite) -> JobOut:
    """Failed and cancelled sources are tried again."""
    reached(running.store, caller, job_id)
    running.store.jobs.retry(job_id)
    return JobOut.of(running.store.jobs.get(job_id))


@router.get(
    "/{job_id}/events",
    summary="Follow a job",
    response_class=StreamingResponse,
    responses={**errors(404), **_STREAM},
)
async def events(job_id: str, running: Running, caller: MayRead) -> StreamingResponse:
    """Server-sent events until the job has ended."""
    job = await run_in_threadpool(reached, running.store, caller, job_id)
    return sse.EventStream(follow(running.store, job))


async def follow(store: Store, job: Job) -> AsyncGenerator[bytes, None]:
    """The job as events, each time that it changed; a comment when it is quiet for long."""
    yield sse.event("job", JobOut.of(job))
    spoke, took = time.monotonic(), 0.0
    while job.status not in FINISHED:
        await anyio.sleep(max(POLL_SECONDS, 5 * took))  # counting a million files takes its time
        asked = time.monotonic()
        latest = await run_in_threadpool(store.jobs.get, job.id)
        took = time.monotonic() - asked
        if latest != job:
            yield sse.event("job", JobOut.of(latest))
        elif time.monotonic() - spoke > sse.PING_SECONDS:
            yield sse.PING
        else:
            continue
        job, spoke = latest, time.monotonic()


def newest(
    store: Store,
    caller: Caller,
    collection: str | None,
    *,
    limit: int,
    status: JobStatus | None = None,
    kind: str | None = None,
) -> list[Job]:
    """The newest jobs of a collection, or of those that the key covers; raises Forbidden `forbidden`."""
    if collection is not None:
        caller.require("read", collection)
    # asked for one by one, as other collections' jobs would fill the limit
    reach = [None] if caller.collections is None else caller.collections
    wanted = reach if collection is None else [collection]
    jobs = [job for name in wanted for job in store.jobs.newest(name, status, limit, kind=kind)]
    jobs.sort(key=lambda job: job.created_at, reverse=True)
    return jobs[:limit]


def reached(store: Store, caller: Caller, job_id: str) -> Job:
    """The job. One of a collection that the key does not cover is as good as absent: raises NotFound."""
    job = store.jobs.get(job_id)
    if not caller.reaches(job.collection):
        raise NotFound(f"There is no job {job_id!r}.", code="job_not_found")
    return job
