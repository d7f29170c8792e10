"""Haystack component: late interaction over stored token vectors, then the reader where its gate is open."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from haystack import component
from haystack.dataclasses import Document

from rag.answer.components.bound import EngineBound, SettingValues
from rag.answer.components.convert import as_hits, to_documents
from rag.answer.events import HitsEvent
from rag.answer.flow import Candidates, Draft, Emit, Hits
from rag.answer.tables import with_header
from rag.search.rerank import rerank_by_reader
from rag.search.retrieve import distinct

_SPARE = 3
"""Passages read beyond those wanted, as copies of one another are set aside."""


@component
class FootnoteReranker(EngineBound):
    """Reorders a FootnoteRetriever's `candidates`, or anyone's `documents` by the reader's relevance."""

    def __init__(self, top_k: int = 5, settings: SettingValues | None = None) -> None:
        self.top_k = top_k
        self.settings = settings

    @component.output_types(documents=list[Document], hits=Hits, draft=Draft)  # type: ignore[untyped-decorator]
    def run(
        self,
        query: str,
        candidates: Candidates | None = None,
        documents: list[Document] | None = None,
        draft: Draft | None = None,
        top_k: int | None = None,
        emit: Emit | None = None,
    ) -> dict[str, Any]:
        """The `top_k` best passages, best first; `emit` is told of them."""
        started = perf_counter()
        hits = self._ranked(query, candidates, documents, top_k or self.top_k)
        if emit is not None:
            emit(HitsEvent(hits.hits))
        timed = (draft or Draft()).timed("rerank", started)
        return {"documents": to_documents(hits.hits), "hits": hits, "draft": timed}

    def _ranked(
        self, query: str, candidates: Candidates | None, documents: list[Document] | None, top_k: int
    ) -> Hits:
        if candidates is not None:
            found = self.engine.passages(candidates, top_k + _SPARE)
            text_of = self.engine.store.documents.text
            return Hits(tuple(with_header(hit, text_of) for hit in distinct(found)[:top_k]))
        given = as_hits(None, documents).hits
        return Hits(tuple(rerank_by_reader(query, given, self.engine.reader, len(given))[:top_k]))
