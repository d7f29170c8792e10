"""Hits to Haystack documents and back, so that Footnote's components and others' mix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from haystack.dataclasses import Document as HaystackDocument
from haystack.dataclasses import GeneratedAnswer

from rag.answer.cite import Cited
from rag.answer.flow import Hits
from rag.types import Chunk, Document, Hit


def to_documents(hits: Sequence[Hit]) -> list[HaystackDocument]:
    """One Haystack document per hit: chunk id, text, score; provenance and every stage's score in `meta`."""
    return [_to_document(hit) for hit in hits]


def _to_document(hit: Hit) -> HaystackDocument:
    chunk, document = hit.chunk, hit.document
    meta: dict[str, Any] = {
        **document.metadata,
        "collection": document.collection,
        "document_id": document.id,
        "source": document.source,
        "title": document.title,
        "media_type": document.media_type,
        "ordinal": chunk.ordinal,
        "start": chunk.start,
        "end": chunk.end,
        "page_number": chunk.page,
        "headings": list(chunk.headings),
        "scores": {stage: part.score for stage, part in hit.parts.items()},
    }
    return HaystackDocument(id=chunk.id, content=chunk.text, meta=meta, score=hit.score)


def as_hits(hits: Hits | None, documents: Sequence[HaystackDocument] | None) -> Hits:
    """Whichever of the two a component was given; Hits win, as they hold more."""
    return hits if hits is not None else Hits(tuple(_to_hit(document) for document in documents or ()))


def _to_hit(document: HaystackDocument) -> Hit:
    """A hit from anyone's document; without our offsets in `meta` its text counts from 0."""
    meta, text = document.meta, document.content or ""
    start = meta.get("start", 0) if meta.get("end", -1) - meta.get("start", 0) == len(text) else 0
    source = str(meta.get("source") or meta.get("file_path") or meta.get("url") or document.id)
    whole = Document(
        id=str(meta.get("document_id", document.id)),
        collection=str(meta.get("collection", "")),
        source=source,
        title=str(meta.get("title") or source),
        media_type=str(meta.get("media_type", "text/plain")),
        text_sha256="",
    )
    chunk = Chunk(
        id=document.id,
        document_id=whole.id,
        ordinal=int(meta.get("ordinal", 0)),
        start=start,
        end=start + len(text),
        page=meta.get("page_number"),
        headings=tuple(meta.get("headings", ())),
        text=text,
    )
    return Hit(chunk, whole, document.score or 0.0)


def to_answer(query: str, cited: Cited, hits: Sequence[Hit], reason: str | None) -> GeneratedAnswer:
    """A finished answer as Haystack has it; `meta` holds sentences, verdicts and citations as plain data."""
    meta: dict[str, Any] = {
        "abstained": not cited.sentences,
        "reason": reason,
        "sentences": [
            {
                "text": sentence.text,
                "start": sentence.start,
                "end": sentence.end,
                "citations": list(sentence.citations),
                "label": sentence.verdict.label if sentence.verdict else None,
                "support": sentence.verdict.support if sentence.verdict else None,
            }
            for sentence in cited.sentences
        ],
        "citations": [
            {
                "marker": citation.marker,
                "document_id": citation.document_id,
                "chunk_id": citation.chunk_id,
                "source": citation.source,
                "page": citation.page,
                "start": citation.start,
                "end": citation.end,
                "quote": citation.quote,
            }
            for citation in cited.citations
        ],
    }
    return GeneratedAnswer(data=cited.text, query=query, documents=to_documents(hits), meta=meta)
