"""Jobs: work in the background."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from pydantic.config import JsonDict

from api.schemas.base import Out, example
from rag.types import Job, JobStatus, Reason

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
