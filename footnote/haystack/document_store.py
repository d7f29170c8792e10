"""A Haystack document store over Footnote's: what is written here is chunked, embedded and searchable."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from haystack import default_from_dict, default_to_dict
from haystack.dataclasses import Document as HaystackDocument
from haystack.document_stores.errors import DuplicateDocumentError
from haystack.document_stores.types import DuplicatePolicy
from haystack.utils.filters import document_matches_filter

from footnote.haystack.bound import ServiceBound, SettingValues
from footnote.haystack.stored import document_of, metadata_of
from ingest.chunk import split
from ingest.curate.curator import Curator
from ingest.embed import embed
from ingest.types import Block, ParsedDocument
from rag.errors import Conflict, NotFound
from rag.models.types import Encoder
from rag.store import NewDocument, Store, document_id
from rag.types import Document

Filters = Mapping[str, Any]
_PARAGRAPH = re.compile(r"\S.*?(?=\n\s*\n|\s*\Z)", re.DOTALL)


class FootnoteDocumentStore(ServiceBound):
    """The documents of one collection, made by the first write; each document is one source.

    What is written is chunked, curated and embedded by Footnote, and found by FootnoteRetriever (and by the
    service and the command line) from then on. An embedding that a document brings is kept and given back,
    not searched. Filters are evaluated as Haystack does, so every one of its operators holds.
    """

    def __init__(self, collection: str = "haystack", settings: SettingValues | None = None) -> None:
        self.collection = collection
        self.settings = settings

    def to_dict(self) -> dict[str, Any]:
        """For YAML."""
        values: dict[str, Any] = default_to_dict(self, collection=self.collection, settings=self.settings)
        return values

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> FootnoteDocumentStore:
        """From YAML."""
        made: FootnoteDocumentStore = default_from_dict(cls, data)
        return made

    def count_documents(self) -> int:
        """How many documents there are."""
        with suppress(NotFound):
            return self._store.collections.get(self.collection).documents
        return 0

    def filter_documents(self, filters: Filters | None = None) -> list[HaystackDocument]:
        """The documents that match, all without filters, in the order in which they were first written.

        Raises FilterError for a filter that says nothing.
        """
        return [
            one for one in self._documents() if not filters or document_matches_filter(dict(filters), one)
        ]

    def write_documents(
        self, documents: list[HaystackDocument], policy: DuplicatePolicy = DuplicatePolicy.NONE
    ) -> int:
        """Write documents; how many were. Without a policy a document that exists is replaced.

        Raises ValueError for what is no list of documents, DuplicateDocumentError with FAIL before anything
        is written.
        """
        given = _checked(documents)
        if policy in (DuplicatePolicy.FAIL, DuplicatePolicy.SKIP):
            given = self._new(given, policy)
        if given:
            self._make_collection()
            self._put(given)
        return len(given)

    def delete_documents(self, document_ids: list[str]) -> None:
        """Delete the documents that exist among these; they are gone from search at once."""
        for source in document_ids:
            with suppress(NotFound):
                self._store.documents.delete(document_id(self.collection, source))

    def delete_all_documents(self, recreate_collection: bool = False) -> None:
        """Delete every document; the collection's policy and what it learned stay, unless it is made anew."""
        if not recreate_collection:
            self.delete_documents([document.id for document in self._documents()])
            return
        with suppress(NotFound):
            self._store.collections.delete(self.collection)
        self._make_collection()

    def delete_by_filter(self, filters: Filters) -> int:
        """Delete what matches; how many that were."""
        matching = [document.id for document in self.filter_documents(filters)]
        self.delete_documents(matching)
        return len(matching)

    def update_by_filter(self, filters: Filters, meta: dict[str, Any]) -> int:
        """Set metadata of what matches; how many that were."""
        matching = self.filter_documents(filters)
        return self.write_documents([replace(one, meta={**one.meta, **meta}) for one in matching])

    def count_documents_by_filter(self, filters: Filters) -> int:
        """How many documents match."""
        return len(self.filter_documents(filters))

    def count_unique_metadata_by_filter(self, filters: Filters, metadata_fields: list[str]) -> dict[str, int]:
        """How many values each field has among the documents that match."""
        return {name: len(self._values(name, filters)) for name in metadata_fields}

    def get_metadata_fields_info(self) -> dict[str, dict[str, str]]:
        """The type of each field: keyword, int, float or boolean."""
        fields = [(key, value) for document in self._documents() for key, value in document.meta.items()]
        return {key: {"type": _type_name(value)} for key, value in fields if value is not None}

    def get_metadata_field_min_max(self, metadata_field: str) -> dict[str, Any]:
        """The least and the greatest value of a field; None where there are none that can be compared."""
        values = [value for value in self._values(metadata_field) if isinstance(value, int | float | str)]
        try:
            return {"min": min(values, default=None), "max": max(values, default=None)}
        except TypeError:  # numbers and texts
            return {"min": None, "max": None}

    def get_metadata_field_unique_values(
        self,
        metadata_field: str,
        search_term: str | None = None,
        from_: int = 0,
        size: int = 10,
        filters: Filters | None = None,
    ) -> tuple[list[Any], int]:
        """The values of a field that hold `search_term`, `size` of them from the `from_`-th on, and how many
        there are.
        """
        wanted = (search_term or "").lower()
        values = [one for one in self._values(metadata_field, filters) if wanted in str(one).lower()]
        values.sort(key=lambda value: (str(value), type(value).__name__))
        return values[from_ : from_ + size], len(values)

    @property
    def _store(self) -> Store:
        return self.service.store

    def _make_collection(self) -> None:
        with suppress(Conflict):  # it exists
            self._store.collections.create(self.collection)

    def _documents(self) -> list[HaystackDocument]:
        try:
            records = sorted(
                self._store.documents.every(self.collection, status="ready"), key=lambda one: one.created_at
            )
        except NotFound:
            return []
        return [
            document_of(
                one.document.source, self._store.documents.text(one.document.id), one.document.metadata
            )
            for one in records
        ]

    def _values(self, field: str, filters: Filters | None = None) -> list[Any]:
        """The distinct values of a field: 1, 1.0, True and "1" are four."""
        key = field.removeprefix("meta.")
        values = (document.meta.get(key) for document in self.filter_documents(filters))
        return list({(type(one).__name__, repr(one)): one for one in values if one is not None}.values())

    def _new(self, documents: list[HaystackDocument], policy: DuplicatePolicy) -> list[HaystackDocument]:
        """Those that are not there yet, each once; raises DuplicateDocumentError if one is and must not."""
        new: dict[str, HaystackDocument] = {}
        for document in documents:
            if document.id not in new and self._store.documents.find(self.collection, document.id) is None:
                new[document.id] = document
            elif policy == DuplicatePolicy.FAIL:
                raise DuplicateDocumentError(f"ID '{document.id}' already exists.")
        return list(new.values())

    def _put(self, documents: list[HaystackDocument]) -> None:
        bound = self._store.collections.get(self.collection).encoder
        encoder = self.service.models.bound_encoder(bound, self.collection)
        curator = Curator(self._store)
        for document in documents:
            self._store.documents.put(self._prepared(document, encoder, curator))

    def _prepared(self, document: HaystackDocument, encoder: Encoder, curator: Curator) -> NewDocument:
        title, text = str(document.meta.get("title") or ""), document.content or ""
        parsed = ParsedDocument(text, title=title, blocks=_paragraphs(text))
        sha256 = hashlib.sha256(text.encode(errors="replace")).hexdigest()
        described = Document(
            id=document_id(self.collection, document.id),
            collection=self.collection,
            source=document.id,
            title=title or document.id,
            media_type="text/plain",
            text_sha256=sha256,
            metadata=metadata_of(document),
        )
        pieces = split(parsed, encoder.token_spans, self.service.settings.chunk_tokens)
        chunks = curator.curate(described, text, embed(parsed, pieces, encoder))
        return NewDocument(described, text, sha256, chunks, encoder.info.name, encoder.info.revision)


def _checked(documents: object) -> list[HaystackDocument]:
    if isinstance(documents, str) or not isinstance(documents, Iterable):
        raise ValueError("Please provide a list of Documents.")
    given = list(documents)
    if not all(isinstance(document, HaystackDocument) for document in given):
        raise ValueError("Please provide a list of Documents.")
    return given


def _paragraphs(text: str) -> tuple[Block, ...]:
    """The text as it is, in the paragraphs that empty lines make."""
    return tuple(Block("paragraph", found.start(), found.end()) for found in _PARAGRAPH.finditer(text))


def _type_name(value: object) -> str:
    names = {bool: "boolean", int: "int", float: "float"}
    return names.get(type(value), "keyword")
