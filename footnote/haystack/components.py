"""Haystack components: retriever, ranker, reader, citation writer and checker.

Retriever and ranker give documents, which any component takes. Reader, citation writer and checker hand an
answer on as `draft`, and give it as Haystack's answers to anyone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from haystack import component
from haystack.dataclasses import ChatMessage, Document, ExtractedAnswer, GeneratedAnswer

from footnote.haystack.bound import ServiceBound, SettingValues
from footnote.haystack.convert import extracted_answers, generated_answer, to_documents, to_hits
from footnote.haystack.document_store import FootnoteDocumentStore
from footnote.haystack.filters import search_filter
from rag.answer.check import check as checked
from rag.answer.cite import cite
from rag.answer.draft import Draft
from rag.answer.read import Extractor, Thresholds, read
from rag.answer.tables import with_header
from rag.errors import NotFound
from rag.search.config import READER_WEIGHT
from rag.search.rerank import rerank_by_reader
from rag.types import CheckPolicy, Mode, Query

Replies = list[ChatMessage] | list[str]


@component
class FootnoteRetriever(ServiceBound):
    """Finds the passages of a collection that are nearest to a query.

    Dense and lexical search together (`mode` "hybrid"), then late interaction and the reader (`rerank`), as
    the service searches. `filters` are Haystack's or ours. With a `document_store` its collection and service
    are searched.
    """

    def __init__(
        self,
        collection: str = "",
        top_k: int = 10,
        mode: Mode = "hybrid",
        filters: dict[str, Any] | None = None,
        rerank: bool = True,
        settings: SettingValues | None = None,
        document_store: FootnoteDocumentStore | None = None,
    ) -> None:
        self.collection = collection
        self.top_k = top_k
        self.mode = mode
        self.filters = filters
        self.rerank = rerank
        self.settings = settings
        self.document_store = document_store

    def warm_up(self) -> None:
        """Open the service: the document store's, if there is one."""
        if self.document_store is not None and self._service is None:
            self._service = self.document_store.service
        ServiceBound.warm_up(self)  # Haystack's decorator makes another class, to which super() has no way

    @component.output_types(documents=list[Document])  # type: ignore[untyped-decorator]
    def run(
        self,
        query: str,
        collection: str | None = None,
        filters: dict[str, Any] | None = None,
        top_k: int | None = None,
    ) -> dict[str, Any]:
        """Search. Raises NotFound `collection_not_found`, FilterError, InvalidInput."""
        wanted = search_filter(filters if filters is not None else self.filters)
        store = self.document_store
        name = collection or self.collection or (store.collection if store is not None else "")
        request = Query(query, name, top_k or self.top_k, wanted, self.mode)
        hits, _ = self.service.searcher.search(request, rerank=self.rerank)
        return {"documents": to_documents([with_header(hit, self._text) for hit in hits])}

    def _text(self, document_id: str) -> str:
        return self.service.store.documents.text(document_id)


@component
class FootnoteRanker(ServiceBound):
    """Orders anyone's documents by the reader's relevance; scores that they bring count along."""

    def __init__(self, top_k: int = 5, settings: SettingValues | None = None) -> None:
        self.top_k = top_k
        self.settings = settings

    @component.output_types(documents=list[Document])  # type: ignore[untyped-decorator]
    def run(self, query: str, documents: list[Document], top_k: int | None = None) -> dict[str, Any]:
        """The `top_k` best documents, best first, with their new scores."""
        hits = to_hits(documents)
        places = {id(hit.chunk): place for place, hit in enumerate(hits)}
        ranked = rerank_by_reader(query, hits, self.service.models.reader, len(hits), READER_WEIGHT)
        best = ranked[: top_k or self.top_k]
        return {"documents": [replace(documents[places[id(hit.chunk)]], score=hit.score) for hit in best]}


@component
class FootnoteReader(ServiceBound):
    """Quotes the sentences that answer: `answers` for anyone, `draft` for the checker.

    It is silent where it is not sure enough: below the setting `answer_accuracy`, or with `alone` below
    `reader_alone`, which leaves the question to a generator behind it.
    """

    def __init__(self, alone: bool = False, settings: SettingValues | None = None) -> None:
        self.alone = alone
        self.settings = settings

    @component.output_types(answers=list[ExtractedAnswer], draft=Draft)  # type: ignore[untyped-decorator]
    def run(self, query: str, documents: list[Document]) -> dict[str, Any]:
        """Read the documents, best first."""
        hits, least = to_hits(documents), self.service.answerer.thresholds
        if not self.alone:
            least = Thresholds(least.answer, least.answer)
        models = self.service.models
        draft = read(query, hits, Draft(), Extractor(models.reader, models.encoder, self._text), least)
        return {"answers": extracted_answers(query, draft, documents, hits), "draft": draft}

    def _text(self, document_id: str) -> str:
        """The text around a passage; none where the document is not of our store."""
        try:
            return self.service.store.documents.text(document_id)
        except NotFound:
            return ""


@component
class FootnoteCitationWriter(ServiceBound):
    """Turns the `[1]` markers of a reply into footnotes: exact spans of the documents, in their order.

    A marker that stands for no document is dropped; a sentence without one gets the document that supports
    it, if the checker finds one (`attach`), else by common words alone.
    """

    def __init__(self, attach: bool = True, settings: SettingValues | None = None) -> None:
        self.attach = attach
        self.settings = settings

    @component.output_types(answers=list[GeneratedAnswer], draft=Draft)  # type: ignore[untyped-decorator]
    def run(
        self,
        query: str,
        documents: list[Document],
        replies: Replies | None = None,
        draft: Draft | None = None,
    ) -> dict[str, Any]:
        """Cite the first of anyone's `replies`; a `draft` that is answered already passes through."""
        hits, before = to_hits(documents), draft or Draft()
        if not before.claims and before.written is None:
            before = replace(before, written=_first_text(replies))
        checker = self.service.models.checker if self.attach else None
        cited = cite(query, hits, before, checker)
        return {"answers": [generated_answer(query, cited, documents, hits)], "draft": cited}


@component
class FootnoteChecker(ServiceBound):
    """Gives each sentence of an answer a verdict (supported, contradicted, unsupported) and applies a policy.

    `check` is "flag" (leave all), "drop" (the sentences that nothing supports) or "refuse" (the answer).
    """

    def __init__(self, check: CheckPolicy = "flag", settings: SettingValues | None = None) -> None:
        self.check = check
        self.settings = settings

    @component.output_types(answers=list[GeneratedAnswer], draft=Draft)  # type: ignore[untyped-decorator]
    def run(
        self,
        query: str,
        documents: list[Document],
        draft: Draft | None = None,
        replies: Replies | None = None,
        check: CheckPolicy | None = None,
    ) -> dict[str, Any]:
        """Check a reader's or citation writer's `draft`, or the first of anyone's `replies`."""
        hits, models = to_hits(documents), self.service.models
        given = draft or cite(query, hits, Draft(written=_first_text(replies)), models.checker)
        policy = check or self.check
        if policy != "off":
            given = checked(query, hits, given, policy, models.checker, self.service.answerer.generator)
        return {"answers": [generated_answer(query, given, documents, hits)], "draft": given}


def _first_text(replies: Replies | None) -> str | None:
    first = replies[0] if replies else None
    return first.text if isinstance(first, ChatMessage) else first
