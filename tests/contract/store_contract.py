"""What every store must do, whatever its database. A subclass gives the fixture `url` of an empty one."""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import Conflict, IndexMismatch, InvalidInput, NotFound, RagError, StoreError
from rag.store import (
    EvaluationRecord,
    EvaluationRow,
    JobItem,
    NewChunk,
    NewDocument,
    NewVectors,
    Store,
    UnembeddedChunk,
    chunk_id,
    document_id,
)
from rag.types import BoundEncoder, Document, JobCounts, Page, SourceError
from tests.contract.store_making import DIMENSION, MODEL, make_chunk, make_document
from tests.contract.store_writer import hold, processes, write, write_to

# Any code point at all, the two kinds that no database holds among them.
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)


def unstorable(character: str) -> bool:
    return character == "\0" or "\ud800" <= character <= "\udfff"


def code(error: pytest.ExceptionInfo[RagError]) -> str:
    return error.value.code


class StoreContract:
    @pytest.fixture
    def store(self, url: str) -> Iterator[Store]:
        with Store.open(url) as store:
            store.collections.create("c")
            yield store
            assert store.audit.problems() == []

    # collections

    def test_a_collection_is_made_listed_and_read(self, store: Store) -> None:
        made = store.collections.create("Zebra.1_x-y", "Alle Straßen")
        assert (made.name, made.description, made.version, made.documents, made.chunks) == (
            "Zebra.1_x-y", "Alle Straßen", 0, 0, 0,
        )  # fmt: skip
        assert made.created_at.tzinfo is not None
        assert [each.name for each in store.collections.all()] == ["Zebra.1_x-y", "c"]
        assert store.collections.get("Zebra.1_x-y") == made

    def test_a_collection_is_made_once(self, store: Store) -> None:
        with pytest.raises(Conflict) as error:
            store.collections.create("c")
        assert code(error) == "collection_exists"

    @pytest.mark.parametrize("name", ["", ".a", "a b", "a/b", "é", "a" * 65, "a\n", "a\0", "\ud800"])
    def test_a_collection_needs_a_plain_name(self, store: Store, name: str) -> None:
        with pytest.raises(InvalidInput) as error:
            store.collections.create(name)
        assert code(error) == "invalid_collection_name"

    @pytest.mark.parametrize("name", ["gone", "", "a\0b", "\ud800", "C"])
    def test_what_is_not_there_is_not_found(self, store: Store, name: str) -> None:
        calls: list[Callable[[], object]] = [
            lambda: store.collections.get(name),
            lambda: store.collections.delete(name),
            lambda: store.changes.version(name),
            lambda: store.changes.after(name, 0),
            lambda: store.documents.page(name),
            lambda: store.documents.sources(name),
            lambda: store.collections.bound(name),
            lambda: store.collections.bind(name, *MODEL, 8),
            lambda: store.reembedding.begin(name, *MODEL, 8),
            lambda: store.reembedding.unembedded(name, *MODEL),
            lambda: store.reembedding.embedded(name, *MODEL),
            lambda: store.reembedding.add_vectors(name, *MODEL, []),
            lambda: store.reembedding.switch(name, *MODEL, "job"),
            lambda: store.reembedding.drop_others(name),
            lambda: store.documents.put(make_document(name, "a.txt")),
            lambda: store.documents.fail(name, "a.txt", "code", "message"),
            lambda: store.jobs.create("upload", name, []),
        ]
        for call in calls:
            with pytest.raises(NotFound) as error:
                call()
            assert code(error) == "collection_not_found"
        assert store.documents.find(name, "a.txt") is None

    def test_a_deleted_collection_is_gone_with_all_it_held(self, store: Store) -> None:
        store.documents.put(make_document("c", "a.txt"))
        [hit] = store.changes.embedded([document_id("c", "a.txt")], *MODEL)
        job = store.jobs.create("upload", "c", [JobItem("b.txt", payload=b"secret")])
        [item] = store.jobs.items(job.id)
        store.collections.delete("c")
        assert store.collections.all() == []
        with pytest.raises(NotFound):
            store.documents.get(document_id("c", "a.txt"))
        assert store.chunks.hydrate([hit.key]) == {}
        assert store.chunks.token_vectors([hit.key], MODEL[0]) == {}
        assert store.jobs.payload(item.id) is None
        assert store.jobs.get(job.id).status == "cancelled"

    def test_a_name_used_again_goes_on_with_the_log(self, store: Store) -> None:
        """A replica of the first collection, at sequence 3, must end with what the second one holds."""
        for source in ("a.txt", "b.txt"):
            store.documents.put(make_document("c", source))
        store.documents.fail("c", "bad.txt", "parse_failed", "no")
        store.documents.put(make_document("c", "b.txt", "Another text."))
        store.collections.delete("c")
        again = store.collections.create("c")
        assert (again.documents, again.chunks, again.description) == (0, 0, "")
        store.collections.bind("c", "another-encoder", "r9", 3)  # the old binding is gone
        deleted = {
            change.document_id for change in store.changes.after("c", 3) if change.operation == "delete"
        }
        assert deleted == {document_id("c", "a.txt"), document_id("c", "b.txt")}
        assert store.changes.version("c") == again.version == 5
        assert store.documents.page("c") == ([], None)

    def test_collections_are_apart(self, store: Store) -> None:
        store.collections.create("d")
        store.documents.put(make_document("c", "a.txt", "In c."))
        store.documents.put(make_document("d", "a.txt", "In d."))
        assert document_id("c", "a.txt") != document_id("d", "a.txt")
        store.collections.delete("c")
        assert store.documents.text(document_id("d", "a.txt")) == "In d."
        assert store.changes.version("d") == 1

    # the encoder

    def test_a_collection_has_one_encoder(self, store: Store) -> None:
        assert store.collections.bound("c") is None
        store.collections.bind("c", "m", "r", 8)
        store.collections.bind("c", "m", "r", 8)
        assert store.collections.bound("c") == ("m", "r", 8)
        for other in (("n", "r", 8), ("m", "s", 8), ("m", "r", 9)):
            with pytest.raises(IndexMismatch) as error:
                store.collections.bind("c", *other)
            assert code(error) == "index_model_mismatch"

    def test_the_first_document_binds_its_encoder(self, store: Store) -> None:
        store.documents.put(make_document("c", "a.txt"))
        assert store.collections.bound("c") == (*MODEL, DIMENSION)
        with pytest.raises(IndexMismatch):
            store.documents.put(make_document("c", "b.txt", model=("other", "r1")))
        assert store.documents.find("c", "b.txt") is None
        assert store.changes.version("c") == 1

    # documents

    def test_a_document_comes_back_as_it_was_put(self, store: Store) -> None:
        text = "Erste Seite: 100 €.\fZweite 🦊 Seite."
        pages = (Page(1, 0, 20), Page(2, 20, len(text)))
        metadata = {"author": "Ümit", "year": 2020, "ratio": 0.5, "final": True, "tags": ["a", "b"]}
        new = make_document(
            "c", "ordner/Straße.pdf", text, [20], title="Straße", metadata=metadata, pages=pages,
            page=2, headings=("Eins", "Zwei / \"drei\""),
        )  # fmt: skip
        assert store.documents.put(new) == "added"
        key = document_id("c", "ordner/Straße.pdf")
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        record = store.documents.get(key)
        assert record.document == Document(
            key, "c", "ordner/Straße.pdf", "Straße", "text/plain", sha256, pages, metadata
        )
        assert (record.status, record.error_code, record.chunks, record.characters) == (
            "ready", None, 2, len(text),
        )  # fmt: skip
        assert record == store.documents.find("c", "ordner/Straße.pdf")
        assert store.documents.by_id([key, "f" * 24]) == {key: record.document}
        assert store.documents.text(key) == text
        first, second = store.chunks.of(key)
        assert (first.ordinal, first.start, first.end, first.page) == (0, 0, 20, 2)
        assert second.headings == ("Eins", 'Zwei / "drei"')
        assert second.text == "Zweite 🦊 Seite."
        assert second.id == chunk_id(key, 1, second.text)
        assert store.documents.content_sha256(key) == new.content_sha256
        assert store.documents.sources("c") == {"ordner/Straße.pdf": new.content_sha256}
        assert (store.collections.get("c").documents, store.collections.get("c").chunks) == (1, 2)

    def test_putting_the_same_again_changes_nothing(self, store: Store) -> None:
        new = make_document("c", "a.txt", metadata={"n": 1})
        store.documents.put(new)
        before = store.documents.page("c"), store.changes.embedded([document_id("c", "a.txt")], *MODEL)[0].key
        assert store.documents.put(new) == "unchanged"
        assert (
            store.documents.page("c"),
            store.changes.embedded([document_id("c", "a.txt")], *MODEL)[0].key,
        ) == before
        assert store.changes.version("c") == 1

    @pytest.mark.parametrize(
        "changed", [{"content": "x"}, {"title": "x"}, {"metadata": {"n": True}}, {"metadata": {}}]
    )
    def test_whatever_differs_replaces(self, store: Store, changed: dict[str, Any]) -> None:
        store.documents.put(make_document("c", "a.txt", metadata={"n": 1}))
        created = store.documents.get(document_id("c", "a.txt")).created_at
        assert (
            store.documents.put(make_document("c", "a.txt", **{"metadata": {"n": 1}, **changed}))
            == "replaced"
        )
        assert store.changes.version("c") == 2
        assert store.documents.get(document_id("c", "a.txt")).created_at == created

    def test_a_replaced_document_leaves_nothing_of_the_old_one(self, store: Store) -> None:
        store.documents.put(make_document("c", "a.txt", "One. Two. Three.", [5, 10]))
        key = document_id("c", "a.txt")
        old = [each.key for each in store.changes.embedded([key], *MODEL)]
        assert store.documents.put(make_document("c", "a.txt", "Four.")) == "replaced"
        assert [chunk.text for chunk in store.chunks.of(key)] == ["Four."]
        assert store.documents.text(key) == "Four."
        assert store.chunks.hydrate(old) == {}
        assert store.chunks.token_vectors(old, MODEL[0]) == {}
        assert store.collections.get("c").chunks == 1

    def test_a_replacement_that_fails_midway_leaves_the_old_one_whole(self, store: Store) -> None:
        store.documents.put(make_document("c", "a.txt", "Old text."))
        before = store.documents.page("c"), store.changes.after("c", 0)
        too_large = make_document("c", "a.txt", "New text.", page=2**70)  # only the database sees that
        with pytest.raises((StoreError, OverflowError)):
            store.documents.put(too_large)
        assert (store.documents.page("c"), store.changes.after("c", 0)) == before
        assert store.documents.text(document_id("c", "a.txt")) == "Old text."
        assert store.documents.put(make_document("c", "a.txt", "New text.")) == "replaced"

    def test_a_document_without_chunks_is_kept(self, store: Store) -> None:
        empty = make_document("c", "empty.txt", "")
        assert store.documents.put(empty) == "added"
        assert store.documents.put(empty) == "unchanged"
        assert store.chunks.of(document_id("c", "empty.txt")) == []

    def test_a_quarantined_chunk_is_kept_but_not_searched(self, store: Store) -> None:
        text, key = "Good. Password: 1234.", document_id("c", "a.txt")
        chunks = [make_chunk(0, 0, 5), make_chunk(1, 6, 21, quarantine="secret")]
        document = make_document("c", "a.txt", text).document
        store.documents.put(NewDocument(document, text, "h", chunks, *MODEL))
        [held] = store.quarantine.of(key)
        assert (held.chunk.text, held.reason) == ("Password: 1234.", "secret")
        assert [chunk.text for chunk in store.chunks.of(key)] == ["Good."]
        assert [each.chunk.text for each in store.changes.embedded([key], *MODEL)] == ["Good."]
        record = store.documents.get(key)
        assert (record.chunks, record.quarantined, store.collections.get("c").chunks) == (1, 1, 1)

    def test_a_deleted_document_is_gone(self, store: Store) -> None:
        store.documents.put(make_document("c", "a.txt"))
        key = document_id("c", "a.txt")
        [hit] = store.changes.embedded([key], *MODEL)
        store.documents.delete(key)
        for call in (store.documents.get, store.documents.text, store.documents.delete):
            with pytest.raises(NotFound) as error:
                call(key)
            assert code(error) == "document_not_found"
        assert store.documents.find("c", "a.txt") is None
        assert store.chunks.of(key) == []
        assert store.chunks.hydrate([hit.key]) == {}
        assert (store.collections.get("c").documents, store.collections.get("c").chunks) == (0, 0)

    @pytest.mark.parametrize("key", ["", "x", "f" * 24, "a\0b", "\ud800", "é" * 24])
    def test_a_document_that_never_was_is_not_found(self, store: Store, key: str) -> None:
        for call in (store.documents.get, store.documents.text, store.documents.delete):
            with pytest.raises(NotFound):
                call(key)

    # failures of a source

    def test_a_failed_source_is_a_row_with_its_error(self, store: Store) -> None:
        store.documents.fail("c", "bad.pdf", "parse_failed", "Not a PDF\0 at all.", "application/pdf")
        record = store.documents.get(document_id("c", "bad.pdf"))
        assert (record.status, record.error_code, record.chunks) == ("failed", "parse_failed", 0)
        assert record.error_message == "Not a PDF\ufffd at all."
        assert record.document.media_type == "application/pdf"
        assert store.documents.text(record.document.id) == ""
        assert store.documents.sources("c") == {"bad.pdf": ""}
        assert store.changes.version("c") == 0
        assert store.collections.get("c").documents == 0
        assert store.documents.put(make_document("c", "bad.pdf")) == "added"
        assert store.documents.get(document_id("c", "bad.pdf")).error_code is None

    def test_an_earlier_version_outlives_a_failure(self, store: Store) -> None:
        new = make_document("c", "a.txt")
        store.documents.put(new)
        store.documents.fail("c", "a.txt", "parse_failed", "broken now")
        record = store.documents.get(document_id("c", "a.txt"))
        assert (record.status, record.error_code, record.chunks) == ("ready", "parse_failed", 1)
        assert len(store.changes.embedded([record.document.id], *MODEL)) == 1
        assert store.documents.put(new) == "unchanged"
        assert store.documents.get(record.document.id).error_code is None
        assert store.changes.version("c") == 1

    def test_a_failed_source_can_be_deleted(self, store: Store) -> None:
        store.documents.fail("c", "bad.pdf", "parse_failed", "x")
        store.documents.fail("c", "bad.pdf", "timed_out", "y")
        assert store.documents.get(document_id("c", "bad.pdf")).error_code == "timed_out"
        store.documents.delete(document_id("c", "bad.pdf"))
        assert store.documents.page("c") == ([], None)

    # what cannot be stored

    @pytest.mark.parametrize(
        ("chunks", "expected"),
        [
            ([make_chunk(0, 0, 30)], "invalid_chunk"),
            ([make_chunk(0, -1, 3)], "invalid_chunk"),
            ([make_chunk(0, 3, 3)], "invalid_chunk"),
            ([make_chunk(1, 0, 3)], "invalid_chunk"),
            ([make_chunk(0, 0, 3), make_chunk(0, 3, 6)], "invalid_chunk"),
            ([make_chunk(0, 0, 3, dense=np.full(8, np.nan, np.float32))], "invalid_vector"),
            ([make_chunk(0, 0, 3, dense=np.full(8, 1e6, np.float32))], "invalid_vector"),
            ([make_chunk(0, 0, 3, dense=np.ones((1, 8), np.float32))], "invalid_vector"),
            ([make_chunk(0, 0, 3), make_chunk(1, 3, 6, dense=np.ones(9, np.float32))], "invalid_vector"),
        ],
    )
    def test_bad_chunks_are_refused(self, store: Store, chunks: list[NewChunk], expected: str) -> None:
        new = make_document("c", "a.txt", "Twenty-nine characters long..")
        with pytest.raises(InvalidInput) as error:
            store.documents.put(NewDocument(new.document, new.text, "h", chunks, *MODEL))
        assert code(error) == expected
        assert store.documents.page("c") == ([], None)

    @pytest.mark.parametrize("source", ["", "a\0b", "caf\udce9.txt", "x" * 2049, "é" * 1025])
    def test_bad_sources_are_refused(self, store: Store, source: str) -> None:
        calls: list[Callable[[], object]] = [
            lambda: store.documents.put(make_document("c", source)),
            lambda: store.documents.fail("c", source, "code", "message"),
            lambda: store.jobs.create("upload", "c", [JobItem(source)]),
        ]
        for call in calls:
            with pytest.raises(InvalidInput) as error:
                call()
            assert code(error) == "invalid_source"
        assert store.documents.find("c", source) is None

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), None, {"a": 1}, [1], b"x"])
    def test_bad_metadata_is_refused(self, store: Store, value: Any) -> None:
        with pytest.raises(InvalidInput) as error:
            store.documents.put(make_document("c", "a.txt", metadata={"key": value}))
        assert code(error) == "invalid_metadata"

    def test_an_id_of_another_source_is_refused(self, store: Store) -> None:
        new = make_document("c", "a.txt")
        wrong = Document("0" * 24, "c", "a.txt", "", "", "")
        with pytest.raises(InvalidInput) as error:
            store.documents.put(NewDocument(wrong, new.text, "h", new.chunks, *MODEL))
        assert code(error) == "invalid_document_id"

    def test_what_no_database_holds_is_replaced_one_for_one(self, store: Store) -> None:
        text = "a\0b\ud800c😀\udfff"
        new = make_document(
            "c",
            "a.txt",
            text,
            [2, 4],
            title="t\0",
            metadata={"k\0": "\ud800", "l": ["\0"]},
            headings=("h\0",),
        )
        store.documents.put(new)
        record = store.documents.find("c", "a.txt")
        assert record is not None
        assert store.documents.text(record.document.id) == "a\ufffdb\ufffdc😀\ufffd"
        assert [chunk.text for chunk in store.chunks.of(record.document.id)] == [
            "a\ufffd",
            "b\ufffd",
            "c😀\ufffd",
        ]
        assert record.document.title == "t\ufffd"
        assert record.document.metadata == {"k\ufffd": "\ufffd", "l": ["\ufffd"]}
        assert store.chunks.of(record.document.id)[0].headings == ("h\ufffd",)
        assert store.documents.put(new) == "unchanged"

    def test_a_chunk_is_its_span_of_the_text(self, store: Store) -> None:
        """For arbitrary Unicode: chunk.text == document.text[chunk.start:chunk.end], in code points."""

        @settings(max_examples=40, deadline=None)
        @given(text=ANY_TEXT, cuts=st.lists(st.integers(0, 60), max_size=6), title=ANY_TEXT)
        def holds(text: str, cuts: list[int], title: str) -> None:
            cuts = [min(cut, len(text)) for cut in cuts]
            store.documents.put(make_document("c", "any.txt", text, cuts, title=title, headings=(title,)))
            record = store.documents.get(document_id("c", "any.txt"))
            stored = store.documents.text(record.document.id)
            assert stored == "".join("\ufffd" if unstorable(c) else c for c in text)
            assert record.characters == len(text)
            assert record.document.text_sha256 == hashlib.sha256(stored.encode()).hexdigest()
            chunks = store.chunks.of(record.document.id)
            assert "".join(chunk.text for chunk in chunks) == stored
            for chunk, entry in zip(
                chunks, store.changes.embedded([record.document.id], *MODEL), strict=True
            ):
                assert chunk.text == stored[chunk.start : chunk.end]
                assert entry.chunk == chunk
                assert store.chunks.hydrate([entry.key]) == {entry.key: (chunk, record.document)}

        holds()

    # pages

    def test_pages_follow_each_other_by_source(self, store: Store) -> None:
        sources = ["B", "a", "a/b", "a b", "é", "z", "🦊", "\uffff", "10", "9"]
        for source in sources:
            store.documents.put(make_document("c", source))
        seen, cursor = [], None
        while True:
            page, cursor = store.documents.page("c", limit=3, cursor=cursor)
            seen += [record.document.source for record in page]
            if cursor is None:
                break
            assert len(page) == 3
        assert seen == sorted(sources)
        assert list(store.documents.sources("c")) == sorted(sources)

    def test_a_page_holds_still_while_documents_come_and_go(self, store: Store) -> None:
        for n in range(0, 20, 2):
            store.documents.put(make_document("c", f"{n:02}"))
        first, cursor = store.documents.page("c", limit=5)
        assert [record.document.source for record in first] == ["00", "02", "04", "06", "08"]
        store.documents.put(make_document("c", "01"))  # before the cursor
        store.documents.delete(document_id("c", "08"))  # the cursor itself
        store.documents.put(make_document("c", "11"))  # after it
        second, cursor = store.documents.page("c", limit=10, cursor=cursor)
        assert [record.document.source for record in second] == ["10", "11", "12", "14", "16", "18"]
        assert cursor is None

    def test_pages_by_status(self, store: Store) -> None:
        store.documents.put(make_document("c", "good"))
        store.documents.fail("c", "bad", "code", "message")
        assert [r.document.source for r in store.documents.page("c", status="failed")[0]] == ["bad"]
        assert [r.document.source for r in store.documents.page("c", status="ready")[0]] == ["good"]

    @pytest.mark.parametrize("cursor", ["", "!", "é", "gICA", "AA"])
    def test_a_bad_cursor_is_refused(self, store: Store, cursor: str) -> None:
        with pytest.raises(InvalidInput) as error:
            store.documents.page("c", cursor=cursor)
        assert code(error) == "invalid_cursor"

    @pytest.mark.parametrize("limit", [0, -1, 1001])
    def test_a_bad_limit_is_refused(self, store: Store, limit: int) -> None:
        for call in (lambda: store.documents.page("c", limit=limit), lambda: store.jobs.newest(limit=limit)):
            with pytest.raises(InvalidInput) as error:
                call()
            assert code(error) == "invalid_limit"

    # the log

    def test_the_log_tells_what_happened_in_order(self, store: Store) -> None:
        a, b = document_id("c", "a"), document_id("c", "b")
        store.documents.put(make_document("c", "a"))
        store.documents.put(make_document("c", "b"))
        store.documents.put(make_document("c", "a", "Other."))
        store.documents.delete(b)
        log = [
            (change.sequence, change.document_id, change.operation) for change in store.changes.after("c", 0)
        ]
        assert log == [(1, a, "put"), (2, b, "put"), (3, a, "put"), (4, b, "delete")]
        assert [change.sequence for change in store.changes.after("c", 1, limit=2)] == [2, 3]
        assert store.changes.after("c", 4) == []
        assert store.changes.version("c") == store.collections.get("c").version == 4

    def test_vectors_come_back_in_half_precision(self, store: Store) -> None:
        store.documents.put(make_document("c", "b", "One. Two.", [5]))
        new = make_document("c", "a", "Three.")
        store.documents.put(new)
        found = store.changes.embedded([document_id("c", "a"), document_id("c", "b"), "f" * 24], *MODEL)
        assert [each.chunk.text for each in found] == ["One. ", "Two.", "Three."]
        assert [each.key for each in found] == sorted(each.key for each in found)
        dense = found[2].dense
        assert dense.dtype == np.float32
        np.testing.assert_array_equal(dense, new.chunks[0].dense.astype(np.float16).astype(np.float32))
        assert store.changes.embedded([document_id("c", "a")], MODEL[0], "another revision") == []
        assert store.changes.embedded([], *MODEL) == []

    def test_many_are_read_at_once(self, store: Store) -> None:
        text = "Five. Little. Chunks. Per. Text."
        for n in range(210):
            store.documents.put(make_document("c", f"{n:03}", f"{n:03} {text}", [9, 17, 25, 30]))
        ids = [change.document_id for change in store.changes.after("c", 0)]
        found = store.changes.embedded(ids, *MODEL)
        assert [each.chunk.document_id for each in found[::5]] == ids
        assert len(store.documents.by_id(ids * 5)) == 210
        keys = [each.key for each in found]
        assert list(store.chunks.hydrate(keys)) == list(store.chunks.token_vectors(keys, MODEL[0])) == keys
        assert len(keys) == 1050

    def test_keys_are_never_used_again(self, store: Store) -> None:
        seen: set[int] = set()
        for n in range(3):
            store.documents.put(make_document("c", "a", f"Text {n}.", [3]))
            keys = {each.key for each in store.changes.embedded([document_id("c", "a")], *MODEL)}
            assert not keys & seen
            seen |= keys
            if n == 1:
                store.documents.delete(document_id("c", "a"))

    # reading hits

    def test_hits_are_read_in_the_order_asked(self, store: Store) -> None:
        for source in ("a", "b"):
            store.documents.put(make_document("c", source, "One. Two.", [5], pages=(Page(1, 0, 9),)))
        found = store.changes.embedded([document_id("c", "a"), document_id("c", "b")], *MODEL)
        keys = [found[3].key, found[0].key, 10**12, -1]
        read = store.chunks.hydrate(keys)
        assert list(read) == keys[:2]
        chunk, document = read[found[3].key]
        assert chunk == found[3].chunk
        assert document == store.documents.get(chunk.document_id).document
        assert store.chunks.hydrate([]) == {}

    def test_a_hit_shows_the_present_document(self, store: Store) -> None:
        """What was read before must not be shown for a later version."""
        for title in ("First", "Second"):
            store.documents.put(make_document("c", "a", title=title))
            [entry] = store.changes.embedded([document_id("c", "a")], *MODEL)
            assert store.chunks.hydrate([entry.key])[entry.key][1].title == title

    def test_token_vectors_by_model(self, store: Store) -> None:
        new = make_document("c", "a", "One. Two.", [5])
        without = NewDocument(
            new.document, new.text, "h", [new.chunks[0], make_chunk(1, 5, 9, tokens=None)], *MODEL
        )
        store.documents.put(without)
        first, second = store.changes.embedded([document_id("c", "a")], *MODEL)
        assert store.chunks.token_vectors([second.key, first.key, 10**12], MODEL[0]) == {
            first.key: new.chunks[0].tokens
        }
        assert store.chunks.token_vectors([first.key], *MODEL) == {first.key: new.chunks[0].tokens}
        assert store.chunks.token_vectors([first.key], "another") == {}
        assert store.chunks.token_vectors([first.key], MODEL[0], "another revision") == {}
        assert store.chunks.token_vectors([], MODEL[0]) == {}

    # writers side by side

    def test_writers_side_by_side_leave_a_gapless_log(self, store: Store, url: str) -> None:
        """Two processes and two threads write, while a reader follows the log as a replica does."""
        store.collections.bind("c", *MODEL, DIMENSION)
        writers = [processes().Process(target=write_to, args=(url, "c", f"p{n}", 15)) for n in range(2)]
        threads = [threading.Thread(target=write, args=(store, "c", f"t{n}", 15)) for n in range(2)]
        for writer in (*threads, *writers):
            writer.start()
        followed: list[int] = []
        while any(writer.is_alive() for writer in (*threads, *writers)):
            followed += [change.sequence for change in store.changes.after("c", len(followed), limit=7)]
            time.sleep(0.005)
        for writer in (*threads, *writers):
            writer.join()
        assert [writer.exitcode for writer in writers] == [0, 0]
        followed += [change.sequence for change in store.changes.after("c", len(followed))]
        changes_each = 15 + 5 + 3  # puts, replacements of every third, deletions of every seventh
        assert followed == list(range(1, 4 * changes_each + 1))
        assert store.collections.get("c").documents == 4 * (15 - 3)
        assert store.changes.version("c") == len(followed)

    def test_one_source_put_by_many_is_there_once(self, store: Store) -> None:
        outcomes: list[str] = []
        new = make_document("c", "a", "One. Two.", [5])

        def put() -> None:
            outcomes.append(store.documents.put(new))

        threads = [threading.Thread(target=put) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["added"] + ["unchanged"] * 5
        assert store.collections.get("c").chunks == 2

    # keys

    def test_a_key_is_verified_by_its_secret(self, store: Store) -> None:
        secret = store.keys.add("laptop", "read", ["c"])
        admin = store.keys.add("root", "admin")
        key = store.keys.verify(secret)
        both = store.keys.all()
        assert key is not None
        assert (key.name, key.role, key.collections) == ("laptop", "read", ("c",))
        assert [each.name for each in both] == ["laptop", "root"]
        assert both[0] == key
        assert both[1].collections is None
        assert store.keys.verify(admin) != key
        for wrong in ("", secret[:-1], secret + "x", key.id, "\0", "\ud800"):
            assert store.keys.verify(wrong) is None

    def test_a_revoked_key_opens_nothing(self, store: Store) -> None:
        secret = store.keys.add("laptop", "write")
        store.keys.revoke(store.keys.all()[0].id)
        assert store.keys.verify(secret) is None
        for unknown in ("nope", "a\0", "\ud800"):
            with pytest.raises(NotFound) as error:
                store.keys.revoke(unknown)
            assert code(error) == "key_not_found"

    def test_a_role_is_one_of_three(self, store: Store) -> None:
        with pytest.raises(InvalidInput) as error:
            store.keys.add("x", "owner")  # type: ignore[arg-type]
        assert code(error) == "invalid_role"

    # jobs

    def test_a_job_keeps_what_it_is_given(self, store: Store) -> None:
        items = [
            JobItem("b.txt", "sha", "text/plain", "B", {"year": 2020}, payload=b"\x00bytes"),
            JobItem("a.txt", path="/data/a.txt"),
        ]
        job = store.jobs.create("upload", "c", items, {"delete_missing": True, "root": "/data"})
        assert (job.kind, job.collection, job.status) == ("upload", "c", "queued")
        assert job.counts == JobCounts(total=2)
        assert store.jobs.get(job.id) == job
        assert store.jobs.request(job.id).options == {"delete_missing": True, "root": "/data"}
        first, second = store.jobs.items(job.id)
        assert first.item == JobItem("b.txt", "sha", "text/plain", "B", {"year": 2020})
        assert (first.job_id, first.state, first.outcome) == (job.id, "pending", None)
        assert second.item.path == "/data/a.txt"
        assert store.jobs.payload(first.id) == b"\x00bytes"
        assert store.jobs.payload(second.id) is None

    def test_items_end_once(self, store: Store) -> None:
        job = store.jobs.create("upload", "c", [JobItem(f"{n}.txt", payload=b"x") for n in range(4)])
        added, failed, pending, removed = store.jobs.items(job.id)
        store.jobs.finish_item(added.id, "added", quarantined=3)
        store.jobs.finish_item(added.id, "failed", ("late", "too late"))
        store.jobs.finish_item(failed.id, "failed", ("parse_failed", "bad\0"))
        store.jobs.finish_item(removed.id, "removed")
        assert store.jobs.get(job.id).counts == JobCounts(
            total=4, added=1, failed=1, removed=1, quarantined=3
        )
        assert store.jobs.get(job.id).errors == (SourceError("1.txt", "parse_failed", "bad\ufffd"),)
        assert [item.id for item in store.jobs.items(job.id, "pending")] == [pending.id]
        assert [item.error_code for item in store.jobs.items(job.id, "failed")] == ["parse_failed"]
        assert store.jobs.payload(added.id) is None
        assert store.jobs.payload(failed.id) == b"x"
        with pytest.raises(NotFound) as error:
            store.jobs.finish_item(10**9, "added")
        assert code(error) == "job_item_not_found"

    def test_a_failed_item_is_tried_again(self, store: Store) -> None:
        job = store.jobs.create("upload", "c", [JobItem("a.txt", payload=b"x"), JobItem("b.txt")])
        first, second = store.jobs.items(job.id)
        store.jobs.finish_item(first.id, "failed", ("parse_failed", "bad"))
        with pytest.raises(Conflict) as error:
            store.jobs.retry(job.id)
        assert code(error) == "job_not_finished"
        store.jobs.finish_item(second.id, "added")
        store.jobs.set_status(job.id, "partial")
        again = store.jobs.retry(job.id)
        assert (again.status, again.errors, again.counts) == ("queued", (), JobCounts(total=2, added=1))
        assert [item.id for item in store.jobs.items(job.id, "pending")] == [first.id]
        assert store.jobs.payload(first.id) == b"x"
        store.jobs.finish_item(first.id, "added")
        store.jobs.set_status(job.id, "succeeded")
        with pytest.raises(Conflict) as error:
            store.jobs.retry(job.id)
        assert code(error) == "nothing_to_retry"

    def test_a_cancelled_job_stays_so_until_it_is_retried(self, store: Store) -> None:
        job = store.jobs.create("upload", "c", [JobItem("a.txt", payload=b"x"), JobItem("b.txt")])
        first, second = store.jobs.items(job.id)
        assert store.jobs.claim(job.id)
        assert store.jobs.claim(job.id), "any number of workers share a job"
        assert store.jobs.status(job.id) == "running"
        store.jobs.finish_item(second.id, "added")
        assert store.jobs.cancel(job.id).status == "cancelled"
        assert not store.jobs.claim(job.id)
        assert store.jobs.cancel(job.id).status == "cancelled"
        assert store.jobs.set_status(job.id, "succeeded") == "cancelled"
        assert store.jobs.get(job.id).status == "cancelled"
        assert [item.id for item in store.jobs.items(job.id, "cancelled")] == [first.id]
        assert store.jobs.pending() == []
        assert store.jobs.retry(job.id).status == "queued"
        assert store.jobs.payload(first.id) == b"x"
        store.jobs.finish_item(first.id, "added")
        store.jobs.set_status(job.id, "succeeded")
        with pytest.raises(Conflict) as error:
            store.jobs.cancel(job.id)
        assert code(error) == "job_finished"

    def test_a_job_is_cancelled_and_retried_while_its_items_end(self, store: Store) -> None:
        job = store.jobs.create("upload", "c", [JobItem(f"{n}", payload=b"x") for n in range(40)])
        items = [item.id for item in store.jobs.items(job.id)]

        def finish(mine: list[int]) -> None:
            for item in mine:
                store.jobs.finish_item(item, "added")

        with ThreadPoolExecutor(3) as pool:
            done = [pool.submit(finish, items[:20]), pool.submit(finish, items[20:])]
            while not all(each.done() for each in done):
                store.jobs.cancel(job.id)
                with contextlib.suppress(Conflict):  # nothing left to retry
                    store.jobs.retry(job.id)
            for each in done:
                each.result()
        assert store.jobs.get(job.id).counts == JobCounts(total=40, added=40)
        assert [store.jobs.payload(item) for item in items] == [None] * 40

    def test_jobs_are_listed(self, store: Store) -> None:
        store.collections.create("d")
        one = store.jobs.create("upload", "c", [])
        two = store.jobs.create("sync", "d", [JobItem("a")])
        three = store.jobs.create("upload", "c", [JobItem("b"), JobItem("c")])
        store.jobs.finish_item(store.jobs.items(two.id)[0].id, "failed", ("x", "y"))
        store.jobs.set_status(two.id, "failed")
        assert [job.id for job in store.jobs.newest()] == [three.id, two.id, one.id]
        assert [job.id for job in store.jobs.newest("c", limit=1)] == [three.id]
        assert store.jobs.newest(status="failed") == [store.jobs.get(two.id)]
        assert store.jobs.newest("c\0") == []
        assert [job.id for job in store.jobs.newest(kind="upload", limit=2)] == [three.id, one.id]
        assert [job.id for job in store.jobs.pending()] == [one.id, three.id]
        assert [job.counts.total for job in store.jobs.newest()] == [2, 1, 0]

    def test_errors_in_a_list_are_few(self, store: Store) -> None:
        job = store.jobs.create("upload", "c", [JobItem(f"{n}") for n in range(25)])
        for item in store.jobs.items(job.id):
            store.jobs.finish_item(item.id, "failed", ("x", "y"))
        assert [error.source for error in store.jobs.get(job.id).errors] == [f"{n}" for n in range(25)]
        assert [error.source for error in store.jobs.newest()[0].errors] == [f"{n}" for n in range(20)]

    def test_an_idempotency_key_makes_one_job(self, store: Store) -> None:
        items = [JobItem("a.txt", payload=b"x")]
        job = store.jobs.create("upload", "c", items, idempotency_key="k")
        assert store.jobs.create("upload", "c", items, idempotency_key="k") == job
        assert len(store.jobs.newest()) == 1
        with pytest.raises(Conflict) as error:
            store.jobs.create("upload", "c", [JobItem("a.txt", payload=b"y")], idempotency_key="k")
        assert code(error) == "idempotency_key_reused"
        store.collections.create("d")
        assert store.jobs.create("upload", "d", items, idempotency_key="k") != job

    @pytest.mark.parametrize("key", ["", "nope", "a\0", "\ud800"])
    def test_a_job_that_never_was_is_not_found(self, store: Store, key: str) -> None:
        for call in (
            store.jobs.get,
            store.jobs.items,
            store.jobs.request,
            store.jobs.cancel,
            store.jobs.retry,
        ):
            with pytest.raises(NotFound) as error:
                call(key)
            assert code(error) == "job_not_found"
        with pytest.raises(NotFound):
            store.jobs.set_status(key, "running")
        assert store.jobs.payload(10**9) is None

    # locks

    def test_one_holder_at_a_time(self, store: Store, url: str) -> None:
        with Store.open(url) as other:
            with store.locks.exclusive("ingest") as mine, other.locks.exclusive("ingest") as theirs:
                assert (mine, theirs) == (True, False)
                with other.locks.exclusive("something-else") as free:
                    assert free
            with other.locks.exclusive("ingest") as theirs:
                assert theirs

    def test_a_lock_dies_with_its_holder(self, store: Store, url: str) -> None:
        held = processes().Event()
        holder = processes().Process(target=hold, args=(url, "ingest", held))
        holder.start()
        assert held.wait(30)
        with store.locks.exclusive("ingest") as mine:
            assert not mine
        holder.kill()
        holder.join()
        for _ in range(200):  # PostgreSQL notices a moment later
            with store.locks.exclusive("ingest") as mine:
                if mine:
                    break
            time.sleep(0.05)
        assert mine

    # opening again

    def test_everything_is_there_after_a_restart(self, store: Store, url: str) -> None:
        store.documents.put(make_document("c", "a", "One. Two.", [5]))
        secret = store.keys.add("laptop", "read")
        job = store.jobs.create("upload", "c", [JobItem("b", payload=b"x")])
        with Store.open(url) as again:
            assert again.documents.page("c") == store.documents.page("c")
            assert again.changes.after("c", 0) == store.changes.after("c", 0)
            assert again.keys.verify(secret) is not None
            assert again.jobs.get(job.id) == job

    # another encoder

    def test_another_encoder_s_vectors_stand_beside_and_then_take_over(self, store: Store) -> None:
        put_some(store, 5)
        job = reembedding(store)
        assert [one.context for one in store.reembedding.unembedded("c", *NEXT)] == ["Guide > a"] * 5
        first = store.reembedding.unembedded("c", *NEXT, limit=3)
        rest = store.reembedding.unembedded("c", *NEXT, after=first[-1].key)
        assert [len(first), len(rest), store.reembedding.embedded("c", *MODEL)] == [3, 2, 5]
        assert store.reembedding.add_vectors("c", *NEXT, vectors_for(first)) == 3
        assert not store.reembedding.switch("c", *NEXT, job), "two chunks lack a vector"
        assert store.reembedding.unembedded("c", *NEXT) == rest
        assert store.collections.get("c").encoder == BoundEncoder(*MODEL, DIMENSION)
        assert len(store.changes.embedded([each.id for each in documents_of(store)], *MODEL)) == 5
        store.reembedding.add_vectors("c", *NEXT, vectors_for(rest))
        version = store.changes.version("c")
        assert store.reembedding.switch("c", *NEXT, job)
        assert store.reembedding.switch("c", *NEXT, job), "again does nothing"
        c = store.collections.get("c")
        assert (c.encoder, c.generation) == (BoundEncoder(*NEXT, DIMENSION + 1), 1)
        assert (c.version, c.chunks) == (version, 5)
        while store.reembedding.drop_others("c", limit=2):
            assert store.reembedding.running()
        assert store.reembedding.running() == {}
        ids = [each.id for each in documents_of(store)]
        assert store.changes.embedded(ids, *MODEL) == []
        keys = [each.key for each in store.changes.embedded(ids, *NEXT)]
        assert store.chunks.token_vectors(keys, *MODEL) == {}
        assert set(store.chunks.token_vectors(keys, *NEXT).values()) == {b"packed"}
        assert all(vector.shape == (DIMENSION + 1,) for vector in store.chunks.vectors(keys, *NEXT).values())

    def test_after_the_switch_only_the_new_encoder_may_write(self, store: Store) -> None:
        put_some(store, 1)
        job = reembedding(store)
        store.reembedding.add_vectors("c", *NEXT, vectors_for(store.reembedding.unembedded("c", *NEXT)))
        store.documents.put(make_document("c", "late.txt"))
        assert not store.reembedding.switch("c", *NEXT, job), "what came meanwhile lacks a vector"
        store.reembedding.add_vectors("c", *NEXT, vectors_for(store.reembedding.unembedded("c", *NEXT)))
        assert store.reembedding.switch("c", *NEXT, job)
        with pytest.raises(IndexMismatch):
            store.documents.put(make_document("c", "later.txt"))
        while store.reembedding.drop_others("c"):
            pass

    def test_a_cancelled_job_cannot_switch_and_its_vectors_go(self, store: Store) -> None:
        put_some(store, 2)
        job = reembedding(store)
        store.reembedding.add_vectors("c", *NEXT, vectors_for(store.reembedding.unembedded("c", *NEXT)))
        store.jobs.cancel(job)
        with pytest.raises(Conflict) as error:
            store.reembedding.switch("c", *NEXT, job)
        assert code(error) == "reembedding_ended"
        while store.reembedding.drop_others("c"):
            pass
        assert store.reembedding.running() == {}
        assert store.reembedding.embedded("c", *NEXT) == 0
        assert store.reembedding.embedded("c", *MODEL) == 2
        with pytest.raises(Conflict) as error:
            store.reembedding.add_vectors("c", *NEXT, [])
        assert code(error) == "reembedding_ended"

    def test_vectors_of_chunks_that_are_gone_are_left_out(self, store: Store) -> None:
        put_some(store, 2)
        reembedding(store)
        found = store.reembedding.unembedded("c", *NEXT)
        store.documents.delete(document_id("c", "0.txt"))
        assert store.reembedding.add_vectors("c", *NEXT, vectors_for(found)) == 1
        assert store.reembedding.add_vectors("c", *NEXT, vectors_for(found)) == 1, "twice is once"
        assert store.reembedding.embedded("c", *NEXT) == 1

    def test_a_third_encoder_waits_for_the_second(self, store: Store) -> None:
        reembedding(store)
        with pytest.raises(Conflict) as error:
            store.reembedding.begin("c", "third", "r1", 8)
        assert code(error) == "reembedding"
        store.collections.delete("c")
        assert store.collections.create("c").encoder is None
        assert store.reembedding.running() == {}

    def test_quarantined_chunks_get_their_vector_too(self, store: Store) -> None:
        """They may be released one day."""
        store.documents.put(make_document("c", "a.txt", quarantine="secret"))
        job = reembedding(store)
        found = store.reembedding.unembedded("c", *NEXT)
        assert len(found) == store.documents.find("c", "a.txt").quarantined > 0  # type: ignore[union-attr]
        assert not store.reembedding.switch("c", *NEXT, job)
        store.reembedding.add_vectors("c", *NEXT, vectors_for(found))
        assert store.reembedding.switch("c", *NEXT, job)

    # evaluations

    def test_an_evaluation_is_written_row_by_row_and_ends_with_its_report(self, store: Store) -> None:
        job = store.jobs.create("evaluation", "c", [JobItem("one"), JobItem("two")]).id
        assert (store.evaluations.get(job), store.evaluations.report(job)) == (None, None)
        store.evaluations.begin(job, '{"seed":1}', "[1,2]")
        assert store.evaluations.get(job) == EvaluationRecord('{"seed":1}', "[1,2]", finished=False)
        rows = [EvaluationRow("two", 1.5, '{"a":1}'), EvaluationRow("one", 2.5, '{"a":2}')]
        for row in (*rows, EvaluationRow("two", 4.0, '{"a":3}')):
            store.evaluations.add_row(job, row)
        assert store.evaluations.rows(job) == [rows[1], EvaluationRow("two", 4.0, '{"a":3}')]
        store.evaluations.finish(job, '{"scores":{}}')
        assert store.evaluations.report(job) == '{"scores":{}}'
        store.evaluations.begin(job, "{}", "[]")
        assert (store.evaluations.rows(job), store.evaluations.report(job)) == ([], None)

    def test_an_evaluation_has_a_job(self, store: Store) -> None:
        with pytest.raises(NotFound) as caught:
            store.evaluations.begin("none", "{}", "[]")
        assert code(caught) == "job_not_found"
        assert (store.evaluations.get("none"), store.evaluations.rows("none")) == (None, [])


NEXT = ("next-encoder", "r7")


def put_some(store: Store, count: int) -> None:
    for number in range(count):
        store.documents.put(make_document("c", f"{number}.txt", context="Guide > a"))


def documents_of(store: Store) -> list[Document]:
    return [record.document for record in store.documents.page("c")[0]]


def reembedding(store: Store) -> str:
    """A running job, with the next encoder named."""
    job = store.jobs.create("reembed", "c", [JobItem("switch")])
    store.jobs.set_status(job.id, "running")
    store.reembedding.begin("c", *NEXT, DIMENSION + 1)
    return job.id


def vectors_for(found: list[UnembeddedChunk]) -> list[NewVectors]:
    dense = np.full(DIMENSION + 1, 1 / (DIMENSION + 1) ** 0.5, np.float32)
    return [NewVectors(one.key, dense, b"packed") for one in found]
