"""Hits to Haystack's documents and back, drafts to its answers, so that our components and others' mix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from haystack.dataclasses import Document as HaystackDocument
from haystack.dataclasses import ExtractedAnswer, GeneratedAnswer

from footnote.haystack.stored import meta_of
from rag.answer.draft import Draft
from rag.answer.finish import assemble
from rag.types import Chunk, Document, Hit


def to_documents(hits: Sequence[Hit]) -> list[HaystackDocument]:
    """One Haystack document per hit: chunk id, text, score; provenance and every stage's score in `meta`."""
    return [_to_document(hit) for hit in hits]


def _to_document(hit: Hit) -> HaystackDocument:
    chunk, document = hit.chunk, hit.document
    meta: dict[str, Any] = {
        **meta_of(document.metadata),
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
        "table_header": hit.header,
        "scores": {stage: part.score for stage, part in hit.parts.items()},
    }
    return HaystackDocument(id=chunk.id, content=chunk.text, meta=meta, score=hit.score)


def to_hits(documents: Sequence[HaystackDocument]) -> tuple[Hit, ...]:
    """Hits from anyone's documents; those without our offsets in `meta` count theirs from 0."""
    return tuple(_to_hit(document) for document in documents)


def _to_hit(document: HaystackDocument) -> Hit:
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
    return Hit(chunk, whole, document.score or 0.0, header=str(meta.get("table_header") or ""))


def extracted_answers(
    query: str, draft: Draft, documents: Sequence[HaystackDocument], hits: Sequence[Hit]
) -> list[ExtractedAnswer]:
    """What the reader quoted, each with its place in the document it is from."""
    confidence = draft.route[-1].confidence if draft.route else None
    return [
        ExtractedAnswer(
            query=query,
            score=confidence or 0.0,
            data=claim.text,
            document=documents[anchor.hit],
            document_offset=ExtractedAnswer.Span(
                anchor.start - hits[anchor.hit].chunk.start, anchor.end - hits[anchor.hit].chunk.start
            ),
        )
        for claim in draft.claims
        for anchor in claim.anchors[-1:]
    ]


def generated_answer(
    query: str, draft: Draft, documents: Sequence[HaystackDocument], hits: Sequence[Hit]
) -> GeneratedAnswer:
    """The answer with its markers; `meta` holds sentences, verdicts and citations as plain data."""
    cited = assemble(draft.claims, hits)
    meta: dict[str, Any] = {
        "abstained": not cited.sentences,
        "reason": draft.reason,
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
    return GeneratedAnswer(data=cited.text, query=query, documents=list(documents), meta=meta)
