"""Haystack component: hybrid search in a Footnote collection."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from haystack import component
from haystack.dataclasses import Document

from rag.answer.components.bound import EngineBound, SettingValues
from rag.answer.components.convert import to_documents
from rag.answer.flow import Candidates, Draft
from rag.search.filters import parse_filter
from rag.types import Filter, Mode, Query


@component
class FootnoteRetriever(EngineBound):
    """Finds passages of a collection by dense and lexical search.

    `documents` holds the `top_k` best; `candidates` what a FootnoteReranker may reorder without reading them.
    `hydrate=False` leaves `documents` empty and saves the time to read them.
    """

    def __init__(
        self,
        collection: str = "",
        top_k: int = 10,
        mode: Mode = "hybrid",
        filters: dict[str, Any] | None = None,
        hydrate: bool = True,
        settings: SettingValues | None = None,
    ) -> None:
        self.collection = collection
        self.top_k = top_k
        self.mode = mode
        self.filters = filters
        self.hydrate = hydrate
        self.settings = settings

    @component.output_types(documents=list[Document], candidates=Candidates, draft=Draft)  # type: ignore[untyped-decorator]
    def run(
        self,
        query: str,
        collection: str | None = None,
        filters: Filter | dict[str, Any] | None = None,
        top_k: int | None = None,
    ) -> dict[str, Any]:
        """Search. `filters` is a Filter or its JSON form (rag.search.filters)."""
        started = perf_counter()
        wanted = filters if filters is not None else self.filters
        parsed = parse_filter(wanted) if wanted is None or isinstance(wanted, dict) else wanted
        request = Query(query, collection or self.collection, top_k or self.top_k, parsed, self.mode)
        found = self.engine.candidates(request)
        draft = Draft().timed("retrieve", started)
        documents = to_documents(self.engine.passages(found, request.k, rerank=False)) if self.hydrate else []
        return {"documents": documents, "candidates": found, "draft": draft}
