"""Documents: upload, list, look at, read, delete."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.concurrency import run_in_threadpool

from api.http.auth import Caller, MayRead, MayWrite
from api.http.openapi import Responses, errors
from api.http.schemas.documents import ChunkOut, ChunksOut, ContentOut, DocumentOut, DocumentsOut, NewTexts
from api.http.schemas.jobs import IdempotencyKey, JobOut, JobStarted
from api.http.state import Running
from api.http.uploads import read_uploads
from ingest.submit import submit_uploads
from rag.errors import NotFound
from rag.store import Store
from rag.types import DocumentRecord, DocumentStatus

router = APIRouter(prefix="/v1", tags=["documents"])

# The two media types are told apart by hand, so the documentation is written by hand too.
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {"type": "array", "items": {"type": "string", "format": "binary"}}
                    },
                },
                "example": {"files": ["pump.pdf"]},
            },
            "application/json": {
                "schema": NewTexts.model_json_schema(ref_template="#/components/schemas/{model}")
            },
        },
    }
}
_CONTENT: Responses = {
    200: {
        "model": ContentOut,
        "content": {"text/plain": {"example": "The pump is rated for a working pressure of 16 bar."}},
    }
}


@router.post(
    "/collections/{collection}/documents",
    status_code=202,
    summary="Add or replace documents",
    responses=errors(404, 409, 413, 415, 422),
    openapi_extra=_BODY,
)
async def add(
    collection: str,
    request: Request,
    response: Response,
    running: Running,
    _: MayWrite,
    idempotency_key: IdempotencyKey = None,
) -> JobStarted:
    """Files as multipart `files`, or texts as JSON. A source that exists is replaced. A job does the work."""
    await run_in_threadpool(running.store.collections.get, collection)  # told before the body is read
    uploads = await read_uploads(request)
    job = await run_in_threadpool(submit_uploads, running.store, collection, uploads, idempotency_key)
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return JobStarted(job=JobOut.of(job))


@router.get("/collections/{collection}/documents", summary="List documents", responses=errors(404, 422))
def every(
    collection: str,
    running: Running,
    _: MayRead,
    status: Annotated[DocumentStatus | None, Query(description="Only those in this state.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.")] = None,
) -> DocumentsOut:
    """A page of documents, failed ones included."""
    running.store.collections.get(collection)
    records, following = running.store.documents.page(collection, status=status, limit=limit, cursor=cursor)
    return DocumentsOut(documents=[DocumentOut.of(record) for record in records], next_cursor=following)


@router.get("/documents/{document_id}", summary="Look at a document", responses=errors(404))
def one(document_id: str, running: Running, caller: MayRead) -> DocumentOut:
    """With its status, error and counts."""
    return DocumentOut.of(reached(running.store, caller, document_id))


@router.get(
    "/documents/{document_id}/content",
    summary="Read a document",
    response_model=ContentOut,
    responses={**errors(404), **_CONTENT},
)
def content(document_id: str, request: Request, running: Running, caller: MayRead) -> ContentOut | Response:
    """The extracted text that all offsets count in; as plain text when `Accept` asks for that."""
    reached(running.store, caller, document_id)
    text = running.store.documents.text(document_id)
    if request.headers.get("accept", "").startswith("text/plain"):
        return PlainTextResponse(text, headers={"X-Content-Type-Options": "nosniff"})
    return ContentOut(document_id=document_id, text=text)


@router.get("/documents/{document_id}/chunks", summary="List a document's passages", responses=errors(404))
def chunks(document_id: str, running: Running, caller: MayRead) -> ChunksOut:
    """In order, with offsets, pages and headings."""
    reached(running.store, caller, document_id)
    return ChunksOut(chunks=[ChunkOut.of(chunk) for chunk in running.store.chunks.of(document_id)])


@router.delete(
    "/documents/{document_id}", status_code=204, summary="Delete a document", responses=errors(404)
)
def delete(document_id: str, running: Running, caller: MayWrite) -> None:
    """It is gone from search when this answers: hits are read from the store, where it is no more."""
    reached(running.store, caller, document_id)
    running.store.documents.delete(document_id)


def reached(store: Store, caller: Caller, document_id: str) -> DocumentRecord:
    """The document. One in a collection that the key does not cover is as good as absent: raises NotFound."""
    record = store.documents.get(document_id)
    if not caller.reaches(record.document.collection):
        raise NotFound(f"There is no document {document_id!r}.", code="document_not_found")
    return record
