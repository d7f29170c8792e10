"""Haystack component: the extractive answer."""

from __future__ import annotations

from typing import Any

from haystack import component
from haystack.dataclasses import Document, ExtractedAnswer

from rag.answer.components.bound import EngineBound, SettingValues
from rag.answer.components.convert import as_hits, to_documents
from rag.answer.flow import Claim, Draft, Hits
from rag.answer.route import read_step
from rag.types import AnswerMode


@component
class FootnoteReader(EngineBound):
    """Quotes the sentences that answer. `draft` goes on to the generator or citer, `answers` to anyone."""

    def __init__(self, mode: AnswerMode = "auto", settings: SettingValues | None = None) -> None:
        self.mode = mode
        self.settings = settings

    @component.output_types(answers=list[ExtractedAnswer], draft=Draft)  # type: ignore[untyped-decorator]
    def run(
        self,
        query: str,
        hits: Hits | None = None,
        documents: list[Document] | None = None,
        draft: Draft | None = None,
        mode: AnswerMode | None = None,
    ) -> dict[str, Any]:
        """Read the passages given as `hits` or `documents`."""
        given, before, how = as_hits(hits, documents), draft or Draft(), mode or self.mode
        if how == "generative":
            return {"answers": [], "draft": before}
        engine = self.engine
        llm = engine.generator is not None
        text_of = (
            engine.store.documents.text if hits is not None else None
        )  # anyone's documents are not in the store
        read = read_step(query, given.hits, before, engine.reader, engine.thresholds, how, llm, text_of)
        confidence = read.route[-1].confidence if read.route else None
        return {"answers": _answers(query, read.claims, given, confidence or 0.0), "draft": read}


def _answers(query: str, claims: tuple[Claim, ...], given: Hits, confidence: float) -> list[ExtractedAnswer]:
    return [
        ExtractedAnswer(
            query=query,
            score=confidence,
            data=claim.text,
            document=to_documents([given.hits[anchor.hit]])[0],
            document_offset=ExtractedAnswer.Span(
                anchor.start - given.hits[anchor.hit].chunk.start,
                anchor.end - given.hits[anchor.hit].chunk.start,
            ),
        )
        for claim in claims
        for anchor in claim.anchors[-1:]
    ]
