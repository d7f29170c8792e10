"""Documents and their chunks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field
from pydantic.config import JsonDict

from api.http.limits import MAX_FILES
from api.http.schemas.base import In, MetadataJson, Out, example, plain_metadata
from rag.types import Chunk, DocumentRecord, DocumentStatus, Finding, Reason

_DOCUMENT: JsonDict = {
    "id": "5f2b8c1d9e0a4b3c7d6e5f4a",
    "collection": "manuals",
    "source": "manuals/pump.pdf",
    "title": "Pump manual",
    "media_type": "application/pdf",
    "metadata": {"year": 2024},
    "status": "ready",
    "error": None,
    "pages": 18,
    "chunks": 42,
    "quarantined": 0,
    "characters": 51230,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "created_at": "2026-11-21T08:00:00Z",
    "updated_at": "2026-11-21T08:00:04Z",
}
_CHUNK: JsonDict = {
    "id": "0a1b2c3d4e5f60718293a4b5",
    "document_id": "5f2b8c1d9e0a4b3c7d6e5f4a",
    "ordinal": 7,
    "start": 18190,
    "end": 18420,
    "page": 12,
    "headings": ["Operation", "Pressure"],
    "text": "The pump is rated for a working pressure of 16 bar.",
    "flags": [],
}


Pattern = Annotated[str, Field(min_length=1, max_length=1024)]


class FlagOut(Out):
    """What curation found in a passage; offsets count in the document's text, null for all of the passage."""

    reason: Reason
    text: str
    start: int | None
    end: int | None

    @classmethod
    def of(cls, finding: Finding) -> FlagOut:
        """From the store's record."""
        return cls(reason=finding.reason, text=finding.text, start=finding.start, end=finding.end)


class NewText(In):
    """A document given as text; `source` names it within the collection."""

    source: Annotated[str, Field(min_length=1, max_length=1024)]
    text: str
    title: Annotated[str, Field(max_length=1024)] = ""
    media_type: Annotated[str, Field(max_length=128)] = "text/plain"
    metadata: MetadataJson = Field(default_factory=dict)


class NewTexts(In):
    """Documents given as text."""

    model_config = example(
        {
            "documents": [
                {
                    "source": "notes/pump.md",
                    "text": "# Pump\n\nThe pump is rated for a working pressure of 16 bar.",
                    "title": "Pump notes",
                    "media_type": "text/markdown",
                    "metadata": {"year": 2024},
                }
            ]
        }
    )
    documents: Annotated[list[NewText], Field(min_length=1, max_length=MAX_FILES)]


class SyncIn(In):
    """A folder on the server, or a URL, to bring a collection in step with; patterns as in gitignore."""

    model_config = example({"path": "/srv/manuals", "delete_missing": True, "exclude": ["drafts/", "*.log"]})
    path: Annotated[str, Field(min_length=1, max_length=4096)]
    delete_missing: bool = True
    include: Annotated[list[Pattern], Field(max_length=100)] = Field(default_factory=list)
    exclude: Annotated[list[Pattern], Field(max_length=100)] = Field(default_factory=list)
    allow_empty: bool = False


class DocumentError(Out):
    """Why the last attempt to read a document failed."""

    code: str
    message: str


class DocumentOut(Out):
    """A document with its state; after a failed replacement the earlier version stays beside the error."""

    model_config = example(_DOCUMENT)
    id: str
    collection: str
    source: str
    title: str
    media_type: str
    metadata: MetadataJson
    status: DocumentStatus
    error: DocumentError | None
    pages: int | None
    chunks: int
    quarantined: int
    characters: int
    sha256: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, record: DocumentRecord) -> DocumentOut:
        """From the store's record."""
        document = record.document
        return cls(
            id=document.id,
            collection=document.collection,
            source=document.source,
            title=document.title,
            media_type=document.media_type,
            metadata=plain_metadata(document.metadata),
            status=record.status,
            error=_error(record),
            pages=len(document.pages) or None,
            chunks=record.chunks,
            quarantined=record.quarantined,
            characters=record.characters,
            sha256=document.text_sha256,
            created_at=record.created_at,
            updated_at=record.updated_at,
        )


class DocumentsOut(Out):
    """One page of documents; `next_cursor` leads to the next one."""

    model_config = example({"documents": [_DOCUMENT], "next_cursor": None})
    documents: list[DocumentOut]
    next_cursor: str | None


class ContentOut(Out):
    """The extracted text that all offsets count in."""

    model_config = example(
        {
            "document_id": "5f2b8c1d9e0a4b3c7d6e5f4a",
            "text": "The pump is rated for a working pressure of 16 bar.",
        }
    )
    document_id: str
    text: str


class ChunkOut(Out):
    """A passage: `text` is the document's text from `start` to `end`, in code points."""

    model_config = example(_CHUNK)
    id: str
    document_id: str
    ordinal: int
    start: int
    end: int
    page: int | None
    headings: list[str]
    text: str
    flags: list[FlagOut]

    @classmethod
    def of(cls, chunk: Chunk) -> ChunkOut:
        """From the store's record."""
        return cls(
            id=chunk.id,
            document_id=chunk.document_id,
            ordinal=chunk.ordinal,
            start=chunk.start,
            end=chunk.end,
            page=chunk.page,
            headings=list(chunk.headings),
            text=chunk.text,
            flags=[FlagOut.of(finding) for finding in chunk.findings],
        )


class ChunksOut(Out):
    """A document's passages in order."""

    model_config = example({"chunks": [_CHUNK]})
    chunks: list[ChunkOut]


def _error(record: DocumentRecord) -> DocumentError | None:
    if record.error_code is None:
        return None
    return DocumentError(code=record.error_code, message=record.error_message or "")
