"""Jobs: work in the background."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import Header
from pydantic.config import JsonDict

from api.http.schemas.base import Out, example
from rag.types import Job, JobStatus, Reason

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=200,
        description="A repeated post with the same key starts no second job.",
    ),
]

_EXAMPLE: JsonDict = {
    "id": "7d1f0c52a4e94d6f9c0b3a8e5f6d7c8b",
    "kind": "upload",
    "collection": "manuals",
    "status": "partial",
    "counts": {
        "total": 3,
        "added": 1,
        "replaced": 1,
        "unchanged": 0,
        "removed": 0,
        "failed": 1,
        "quarantined": 0,
        "moved": 0,
    },
    "progress": {
        "done": 3,
        "total": 3,
        "chunks": 41,
        "files_per_second": 0.8,
        "chunks_per_second": 10.3,
        "seconds_left": 0.0,
    },
    "curation": {"exact_duplicate": 4},
    "errors": [{"source": "scan.pdf", "code": "empty_document", "message": "The file holds no text."}],
    "created_at": "2026-11-21T08:00:00Z",
    "updated_at": "2026-11-21T08:00:04Z",
}


class JobCountsOut(Out):
    """How many sources ended in which way."""

    total: int
    added: int
    replaced: int
    unchanged: int
    removed: int
    failed: int
    quarantined: int
    moved: int = 0


class JobProgressOut(Out):
    """How far a job is. The rates count from when a worker took it up, and are null before that."""

    done: int
    total: int
    chunks: int
    files_per_second: float | None
    chunks_per_second: float | None
    seconds_left: float | None

    @classmethod
    def of(cls, job: Job) -> JobProgressOut:
        """From the store's record; the time left is what the other sources take at this rate."""
        done, total = job.counts.done, job.counts.total
        seconds = (job.updated_at - job.started_at).total_seconds() if job.started_at else 0.0
        rate = done / seconds if seconds > 0 else None
        return cls(
            done=done,
            total=total,
            chunks=job.chunks,
            files_per_second=None if rate is None else round(rate, 2),
            chunks_per_second=None if rate is None else round(job.chunks / seconds, 2),
            seconds_left=round((total - done) / rate, 1) if rate else None,
        )


class SourceErrorOut(Out):
    """Why one source failed."""

    source: str
    code: str
    message: str


class JobOut(Out):
    """A job as it stands; `curation` counts the chunks that something was found in, by reason."""

    model_config = example(_EXAMPLE)
    id: str
    kind: str
    collection: str
    status: JobStatus
    counts: JobCountsOut
    progress: JobProgressOut
    curation: dict[Reason, int]
    errors: list[SourceErrorOut]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, job: Job) -> JobOut:
        """From the store's record."""
        return cls(
            id=job.id,
            kind=job.kind,
            collection=job.collection,
            status=job.status,
            counts=JobCountsOut(**asdict(job.counts)),
            progress=JobProgressOut.of(job),
            curation=dict(job.curation),
            errors=[SourceErrorOut(source=e.source, code=e.code, message=e.message) for e in job.errors],
            created_at=job.created_at,
            updated_at=job.updated_at,
        )


class JobStarted(Out):
    """The job that carries the work out."""

    model_config = example({"job": {**_EXAMPLE, "status": "queued", "errors": []}})
    job: JobOut


class JobsOut(Out):
    """Jobs, newest first."""

    model_config = example({"jobs": [_EXAMPLE]})
    jobs: list[JobOut]
