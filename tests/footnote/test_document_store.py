"""Haystack's own contract suite on our document store, unmodified; and what the suite does not ask."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import count
from typing import Any

import pytest
from haystack import Document
from haystack.dataclasses import ByteStream, SparseEmbedding
from haystack.document_stores.types import DuplicatePolicy
from haystack.errors import FilterError
from haystack.testing.document_store import (
    CountDocumentsByFilterTest,
    CountUniqueMetadataByFilterTest,
    DocumentStoreBaseExtendedTests,
    GetMetadataFieldMinMaxTest,
    GetMetadataFieldsInfoTest,
    GetMetadataFieldUniqueValuesTest,
)

from footnote.haystack import FootnoteDocumentStore, FootnoteRetriever
from rag.service import Service

_NUMBERS = count()


@pytest.fixture
def document_store(service: Service) -> FootnoteDocumentStore:
    """An empty collection of a store that all tests share."""
    store = FootnoteDocumentStore(f"contract-{next(_NUMBERS)}")
    store.bind(service)
    return store


class TestContract(
    DocumentStoreBaseExtendedTests,  # type: ignore[misc]
    CountDocumentsByFilterTest,  # type: ignore[misc]
    CountUniqueMetadataByFilterTest,  # type: ignore[misc]
    GetMetadataFieldsInfoTest,  # type: ignore[misc]
    GetMetadataFieldMinMaxTest,  # type: ignore[misc]
    GetMetadataFieldUniqueValuesTest,  # type: ignore[misc]
):
    """Every test that Haystack has for stores that block. `test_write_documents` is the one that it leaves to
    each store to write: what a write without a policy does.
    """

    @pytest.fixture
    def document_store(self, service: Service) -> FootnoteDocumentStore:
        store = FootnoteDocumentStore(f"contract-{next(_NUMBERS)}")
        store.bind(service)
        return store

    def test_write_documents(self, document_store: FootnoteDocumentStore) -> None:
        """A document that exists is replaced, as everywhere in Footnote."""
        assert document_store.write_documents([Document(id="1", content="old")]) == 1
        assert document_store.write_documents([Document(id="1", content="new")]) == 1
        assert document_store.filter_documents() == [Document(id="1", content="new")]


ODD: list[dict[str, Any]] = [
    {"nested": {"a": [1, {"b": None}]}, "nothing": None, "list": [1, "x"], "strings": ["a", "b"]},
    {"when": datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "day": date(2026, 1, 2)},
    {"flag": True, "one": 1, "real": 1.0, "text": "1", "large": 2**80, "endless": float("inf")},
    {"nul": "a\x00b", "lone": "\ud800", "": "empty key", "haystack_document": "taken", "title": "Named"},
]


@pytest.mark.parametrize("meta", ODD, ids=["nested", "dates", "numbers", "strings"])
def test_any_metadata_comes_back_equal(document_store: FootnoteDocumentStore, meta: dict[str, Any]) -> None:
    document = Document(content="Some text.", meta=meta)
    document_store.write_documents([document])
    (found,) = document_store.filter_documents()
    assert found == document
    assert {key: type(value) for key, value in found.meta.items()} == {
        key: type(value) for key, value in meta.items()
    }


def test_everything_beside_the_text_comes_back_equal(document_store: FootnoteDocumentStore) -> None:
    documents = [
        Document(content=None, blob=ByteStream(b"\x00\xff", mime_type="image/png", meta={"a": 1})),
        Document(content="", meta={"empty": True}),
        Document(content="a\x00b"),
        Document(
            content="x", embedding=[0.1, 1e-17], sparse_embedding=SparseEmbedding([1], [0.5]), score=0.25
        ),
    ]
    assert document_store.write_documents(documents) == 4
    assert document_store.filter_documents() == documents


def test_nested_fields_and_dates_are_filtered(document_store: FootnoteDocumentStore) -> None:
    old, new = (Document(content=f"t{year}", meta={"at": {"day": f"{year}-05-01"}}) for year in (2001, 2021))
    document_store.write_documents([old, new])
    later = {"field": "meta.at.day", "operator": ">=", "value": "2010-01-01"}
    assert document_store.filter_documents(later) == [new]
    assert document_store.filter_documents({"operator": "NOT", "conditions": [later]}) == [old]


def test_what_is_written_is_found_and_what_is_deleted_is_not(document_store: FootnoteDocumentStore) -> None:
    text = "The lighthouse keeper is called Ingrid.\n\nShe paints the tower every second spring."
    lamp = Document(content=text, meta={"year": 2020, "by": {"name": "Ann"}}, embedding=[0.5] * 4)
    document_store.write_documents(
        [lamp, Document(content="Bread needs flour, water and salt.", meta={"year": 1999})]
    )
    retriever = FootnoteRetriever(document_store=document_store, top_k=1)
    (first,) = retriever.run("Who keeps the lighthouse?")["documents"]
    assert "Ingrid" in first.content
    assert (first.meta["source"], first.meta["by"]) == (lamp.id, {"name": "Ann"})
    assert text[first.meta["start"] : first.meta["end"]] == first.content
    before = {"field": "meta.year", "operator": "<", "value": 2000}
    assert "Bread" in retriever.run("lighthouse", filters=before)["documents"][0].content
    document_store.delete_documents([lamp.id])
    assert "Bread" in retriever.run("Who keeps the lighthouse?")["documents"][0].content


def test_search_refuses_a_filter_that_it_cannot_carry_out(document_store: FootnoteDocumentStore) -> None:
    document_store.write_documents([Document(content="x", meta={"a": {"b": 1}})])
    retriever = FootnoteRetriever(document_store=document_store)
    for field, value in (("meta.a.b", 1), ("meta.a", None)):
        with pytest.raises(FilterError):
            retriever.run("x", filters={"field": field, "operator": "==", "value": value})


@pytest.mark.parametrize("policy", [DuplicatePolicy.SKIP, DuplicatePolicy.OVERWRITE])
def test_a_document_given_twice_is_there_once(
    document_store: FootnoteDocumentStore, policy: DuplicatePolicy
) -> None:
    document_store.write_documents([Document(id="1", content="a"), Document(id="1", content="b")], policy)
    (found,) = document_store.filter_documents()
    assert found.content == ("a" if policy is DuplicatePolicy.SKIP else "b")


def test_it_is_written_as_a_dict_and_read(document_store: FootnoteDocumentStore) -> None:
    store = FootnoteDocumentStore("notes", {"data": "somewhere", "threads": 1})
    again = FootnoteDocumentStore.from_dict(store.to_dict())
    assert (again.collection, again.settings) == (store.collection, store.settings)
