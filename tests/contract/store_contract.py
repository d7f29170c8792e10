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
            store.create_collection("c")
            yield store
            assert store.problems() == []

    # collections

    def test_a_collection_is_made_listed_and_read(self, store: Store) -> None:
        made = store.create_collection("Zebra.1_x-y", "Alle Straßen")
        assert (made.name, made.description, made.version, made.documents, made.chunks) == (
            "Zebra.1_x-y", "Alle Straßen", 0, 0, 0,
        )  # fmt: skip
        assert made.created_at.tzinfo is not None
        assert [each.name for each in store.collections()] == ["Zebra.1_x-y", "c"]
        assert store.collection("Zebra.1_x-y") == made

    def test_a_collection_is_made_once(self, store: Store) -> None:
        with pytest.raises(Conflict) as error:
            store.create_collection("c")
        assert code(error) == "collection_exists"

    @pytest.mark.parametrize("name", ["", ".a", "a b", "a/b", "é", "a" * 65, "a\n", "a\0", "\ud800"])
    def test_a_collection_needs_a_plain_name(self, store: Store, name: str) -> None:
        with pytest.raises(InvalidInput) as error:
            store.create_collection(name)
        assert code(error) == "invalid_collection_name"

    @pytest.mark.parametrize("name", ["gone", "", "a\0b", "\ud800", "C"])
    def test_what_is_not_there_is_not_found(self, store: Store, name: str) -> None:
        calls: list[Callable[[], object]] = [
            lambda: store.collection(name),
            lambda: store.delete_collection(name),
            lambda: store.version(name),
            lambda: store.changes(name, 0),
            lambda: store.documents(name),
            lambda: store.sources(name),
            lambda: store.bound_model(name),
            lambda: store.bind_model(name, *MODEL, 8),
            lambda: store.begin_reembedding(name, *MODEL, 8),
            lambda: store.unembedded(name, *MODEL),
            lambda: store.embedded_chunks(name, *MODEL),
            lambda: store.add_vectors(name, *MODEL, []),
            lambda: store.switch_encoder(name, *MODEL, "job"),
            lambda: store.drop_other_vectors(name),
            lambda: store.put_document(make_document(name, "a.txt")),
            lambda: store.fail_document(name, "a.txt", "code", "message"),
            lambda: store.create_job("upload", name, []),
        ]
        for call in calls:
            with pytest.raises(NotFound) as error:
                call()
            assert code(error) == "collection_not_found"
        assert store.find(name, "a.txt") is None

    def test_a_deleted_collection_is_gone_with_all_it_held(self, store: Store) -> None:
        store.put_document(make_document("c", "a.txt"))
        [hit] = store.embedded([document_id("c", "a.txt")], *MODEL)
        job = store.create_job("upload", "c", [JobItem("b.txt", payload=b"secret")])
        [item] = store.job_items(job.id)
        store.delete_collection("c")
        assert store.collections() == []
        with pytest.raises(NotFound):
            store.document(document_id("c", "a.txt"))
        assert store.hydrate([hit.key]) == {}
        assert store.token_vectors([hit.key], MODEL[0]) == {}
        assert store.item_payload(item.id) is None
        assert store.job(job.id).status == "cancelled"

    def test_a_name_used_again_goes_on_with_the_log(self, store: Store) -> None:
        """A replica of the first collection, at sequence 3, must end with what the second one holds."""
        for source in ("a.txt", "b.txt"):
            store.put_document(make_document("c", source))
        store.fail_document("c", "bad.txt", "parse_failed", "no")
        store.put_document(make_document("c", "b.txt", "Another text."))
        store.delete_collection("c")
        again = store.create_collection("c")
        assert (again.documents, again.chunks, again.description) == (0, 0, "")
        store.bind_model("c", "another-encoder", "r9", 3)  # the old binding is gone
        deleted = {change.document_id for change in store.changes("c", 3) if change.operation == "delete"}
        assert deleted == {document_id("c", "a.txt"), document_id("c", "b.txt")}
        assert store.version("c") == again.version == 5
        assert store.documents("c") == ([], None)

    def test_collections_are_apart(self, store: Store) -> None:
        store.create_collection("d")
        store.put_document(make_document("c", "a.txt", "In c."))
        store.put_document(make_document("d", "a.txt", "In d."))
        assert document_id("c", "a.txt") != document_id("d", "a.txt")
        store.delete_collection("c")
        assert store.text(document_id("d", "a.txt")) == "In d."
        assert store.version("d") == 1

    # the encoder

    def test_a_collection_has_one_encoder(self, store: Store) -> None:
        assert store.bound_model("c") is None
        store.bind_model("c", "m", "r", 8)
        store.bind_model("c", "m", "r", 8)
        assert store.bound_model("c") == ("m", "r", 8)
        for other in (("n", "r", 8), ("m", "s", 8), ("m", "r", 9)):
            with pytest.raises(IndexMismatch) as error:
                store.bind_model("c", *other)
            assert code(error) == "index_model_mismatch"

    def test_the_first_document_binds_its_encoder(self, store: Store) -> None:
        store.put_document(make_document("c", "a.txt"))
        assert store.bound_model("c") == (*MODEL, DIMENSION)
        with pytest.raises(IndexMismatch):
            store.put_document(make_document("c", "b.txt", model=("other", "r1")))
        assert store.find("c", "b.txt") is None
        assert store.version("c") == 1

    # documents

    def test_a_document_comes_back_as_it_was_put(self, store: Store) -> None:
        text = "Erste Seite: 100 €.\fZweite 🦊 Seite."
        pages = (Page(1, 0, 20), Page(2, 20, len(text)))
        metadata = {"author": "Ümit", "year": 2020, "ratio": 0.5, "final": True, "tags": ["a", "b"]}
        new = make_document(
            "c", "ordner/Straße.pdf", text, [20], title="Straße", metadata=metadata, pages=pages,
            page=2, headings=("Eins", "Zwei / \"drei\""),
        )  # fmt: skip
        assert store.put_document(new) == "added"
        key = document_id("c", "ordner/Straße.pdf")
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        record = store.document(key)
        assert record.document == Document(
            key, "c", "ordner/Straße.pdf", "Straße", "text/plain", sha256, pages, metadata
        )
        assert (record.status, record.error_code, record.chunks, record.characters) == (
            "ready", None, 2, len(text),
        )  # fmt: skip
        assert record == store.find("c", "ordner/Straße.pdf")
        assert store.documents_by_id([key, "f" * 24]) == {key: record.document}
        assert store.text(key) == text
        first, second = store.chunks(key)
        assert (first.ordinal, first.start, first.end, first.page) == (0, 0, 20, 2)
        assert second.headings == ("Eins", 'Zwei / "drei"')
        assert second.text == "Zweite 🦊 Seite."
        assert second.id == chunk_id(key, 1, second.text)
        assert store.content_sha256(key) == new.content_sha256
        assert store.sources("c") == {"ordner/Straße.pdf": new.content_sha256}
        assert (store.collection("c").documents, store.collection("c").chunks) == (1, 2)

    def test_putting_the_same_again_changes_nothing(self, store: Store) -> None:
        new = make_document("c", "a.txt", metadata={"n": 1})
        store.put_document(new)
        before = store.documents("c"), store.embedded([document_id("c", "a.txt")], *MODEL)[0].key
        assert store.put_document(new) == "unchanged"
        assert (store.documents("c"), store.embedded([document_id("c", "a.txt")], *MODEL)[0].key) == before
        assert store.version("c") == 1

    @pytest.mark.parametrize(
        "changed", [{"content": "x"}, {"title": "x"}, {"metadata": {"n": True}}, {"metadata": {}}]
    )
    def test_whatever_differs_replaces(self, store: Store, changed: dict[str, Any]) -> None:
        store.put_document(make_document("c", "a.txt", metadata={"n": 1}))
        created = store.document(document_id("c", "a.txt")).created_at
        assert (
            store.put_document(make_document("c", "a.txt", **{"metadata": {"n": 1}, **changed})) == "replaced"
        )
        assert store.version("c") == 2
        assert store.document(document_id("c", "a.txt")).created_at == created

    def test_a_replaced_document_leaves_nothing_of_the_old_one(self, store: Store) -> None:
        store.put_document(make_document("c", "a.txt", "One. Two. Three.", [5, 10]))
        key = document_id("c", "a.txt")
        old = [each.key for each in store.embedded([key], *MODEL)]
        assert store.put_document(make_document("c", "a.txt", "Four.")) == "replaced"
        assert [chunk.text for chunk in store.chunks(key)] == ["Four."]
        assert store.text(key) == "Four."
        assert store.hydrate(old) == {}
        assert store.token_vectors(old, MODEL[0]) == {}
        assert store.collection("c").chunks == 1

    def test_a_replacement_that_fails_midway_leaves_the_old_one_whole(self, store: Store) -> None:
        store.put_document(make_document("c", "a.txt", "Old text."))
        before = store.documents("c"), store.changes("c", 0)
        too_large = make_document("c", "a.txt", "New text.", page=2**70)  # only the database sees that
        with pytest.raises((StoreError, OverflowError)):
            store.put_document(too_large)
        assert (store.documents("c"), store.changes("c", 0)) == before
        assert store.text(document_id("c", "a.txt")) == "Old text."
        assert store.put_document(make_document("c", "a.txt", "New text.")) == "replaced"

    def test_a_document_without_chunks_is_kept(self, store: Store) -> None:
        empty = make_document("c", "empty.txt", "")
        assert store.put_document(empty) == "added"
        assert store.put_document(empty) == "unchanged"
        assert store.chunks(document_id("c", "empty.txt")) == []

    def test_a_quarantined_chunk_is_kept_but_not_searched(self, store: Store) -> None:
        text, key = "Good. Password: 1234.", document_id("c", "a.txt")
        chunks = [make_chunk(0, 0, 5), make_chunk(1, 6, 21, quarantine="secret")]
        document = make_document("c", "a.txt", text).document
        store.put_document(NewDocument(document, text, "h", chunks, *MODEL))
        [held] = store.quarantined(key)
        assert (held.chunk.text, held.reason) == ("Password: 1234.", "secret")
        assert [chunk.text for chunk in store.chunks(key)] == ["Good."]
        assert [each.chunk.text for each in store.embedded([key], *MODEL)] == ["Good."]
        record = store.document(key)
        assert (record.chunks, record.quarantined, store.collection("c").chunks) == (1, 1, 1)

    def test_a_deleted_document_is_gone(self, store: Store) -> None:
        store.put_document(make_document("c", "a.txt"))
        key = document_id("c", "a.txt")
        [hit] = store.embedded([key], *MODEL)
        store.delete_document(key)
        for call in (store.document, store.text, store.delete_document):
            with pytest.raises(NotFound) as error:
                call(key)
            assert code(error) == "document_not_found"
        assert store.find("c", "a.txt") is None
        assert store.chunks(key) == []
        assert store.hydrate([hit.key]) == {}
        assert (store.collection("c").documents, store.collection("c").chunks) == (0, 0)

    @pytest.mark.parametrize("key", ["", "x", "f" * 24, "a\0b", "\ud800", "é" * 24])
    def test_a_document_that_never_was_is_not_found(self, store: Store, key: str) -> None:
        for call in (store.document, store.text, store.delete_document):
            with pytest.raises(NotFound):
                call(key)

    # failures of a source

    def test_a_failed_source_is_a_row_with_its_error(self, store: Store) -> None:
        store.fail_document("c", "bad.pdf", "parse_failed", "Not a PDF\0 at all.", "application/pdf")
        record = store.document(document_id("c", "bad.pdf"))
        assert (record.status, record.error_code, record.chunks) == ("failed", "parse_failed", 0)
        assert record.error_message == "Not a PDF\ufffd at all."
        assert record.document.media_type == "application/pdf"
        assert store.text(record.document.id) == ""
        assert store.sources("c") == {"bad.pdf": ""}
        assert store.version("c") == 0
        assert store.collection("c").documents == 0
        assert store.put_document(make_document("c", "bad.pdf")) == "added"
        assert store.document(document_id("c", "bad.pdf")).error_code is None

    def test_an_earlier_version_outlives_a_failure(self, store: Store) -> None:
        new = make_document("c", "a.txt")
        store.put_document(new)
        store.fail_document("c", "a.txt", "parse_failed", "broken now")
        record = store.document(document_id("c", "a.txt"))
        assert (record.status, record.error_code, record.chunks) == ("ready", "parse_failed", 1)
        assert len(store.embedded([record.document.id], *MODEL)) == 1
        assert store.put_document(new) == "unchanged"
        assert store.document(record.document.id).error_code is None
        assert store.version("c") == 1

    def test_a_failed_source_can_be_deleted(self, store: Store) -> None:
        store.fail_document("c", "bad.pdf", "parse_failed", "x")
        store.fail_document("c", "bad.pdf", "timed_out", "y")
        assert store.document(document_id("c", "bad.pdf")).error_code == "timed_out"
        store.delete_document(document_id("c", "bad.pdf"))
        assert store.documents("c") == ([], None)

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
            store.put_document(NewDocument(new.document, new.text, "h", chunks, *MODEL))
        assert code(error) == expected
        assert store.documents("c") == ([], None)

    @pytest.mark.parametrize("source", ["", "a\0b", "caf\udce9.txt", "x" * 2049, "é" * 1025])
    def test_bad_sources_are_refused(self, store: Store, source: str) -> None:
        calls: list[Callable[[], object]] = [
            lambda: store.put_document(make_document("c", source)),
            lambda: store.fail_document("c", source, "code", "message"),
            lambda: store.create_job("upload", "c", [JobItem(source)]),
        ]
        for call in calls:
            with pytest.raises(InvalidInput) as error:
                call()
            assert code(error) == "invalid_source"
        assert store.find("c", source) is None

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), None, {"a": 1}, [1], b"x"])
    def test_bad_metadata_is_refused(self, store: Store, value: Any) -> None:
        with pytest.raises(InvalidInput) as error:
            store.put_document(make_document("c", "a.txt", metadata={"key": value}))
        assert code(error) == "invalid_metadata"

    def test_an_id_of_another_source_is_refused(self, store: Store) -> None:
        new = make_document("c", "a.txt")
        wrong = Document("0" * 24, "c", "a.txt", "", "", "")
        with pytest.raises(InvalidInput) as error:
            store.put_document(NewDocument(wrong, new.text, "h", new.chunks, *MODEL))
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
        store.put_document(new)
        record = store.find("c", "a.txt")
        assert record is not None
        assert store.text(record.document.id) == "a\ufffdb\ufffdc😀\ufffd"
        assert [chunk.text for chunk in store.chunks(record.document.id)] == [
            "a\ufffd",
            "b\ufffd",
            "c😀\ufffd",
        ]
        assert record.document.title == "t\ufffd"
        assert record.document.metadata == {"k\ufffd": "\ufffd", "l": ["\ufffd"]}
        assert store.chunks(record.document.id)[0].headings == ("h\ufffd",)
        assert store.put_document(new) == "unchanged"

    def test_a_chunk_is_its_span_of_the_text(self, store: Store) -> None:
        """For arbitrary Unicode: chunk.text == document.text[chunk.start:chunk.end], in code points."""

        @settings(max_examples=40, deadline=None)
        @given(text=ANY_TEXT, cuts=st.lists(st.integers(0, 60), max_size=6), title=ANY_TEXT)
        def holds(text: str, cuts: list[int], title: str) -> None:
            cuts = [min(cut, len(text)) for cut in cuts]
            store.put_document(make_document("c", "any.txt", text, cuts, title=title, headings=(title,)))
            record = store.document(document_id("c", "any.txt"))
            stored = store.text(record.document.id)
            assert stored == "".join("\ufffd" if unstorable(c) else c for c in text)
            assert record.characters == len(text)
            assert record.document.text_sha256 == hashlib.sha256(stored.encode()).hexdigest()
            chunks = store.chunks(record.document.id)
            assert "".join(chunk.text for chunk in chunks) == stored
            for chunk, entry in zip(chunks, store.embedded([record.document.id], *MODEL), strict=True):
                assert chunk.text == stored[chunk.start : chunk.end]
                assert entry.chunk == chunk
                assert store.hydrate([entry.key]) == {entry.key: (chunk, record.document)}

        holds()

    # pages

    def test_pages_follow_each_other_by_source(self, store: Store) -> None:
        sources = ["B", "a", "a/b", "a b", "é", "z", "🦊", "\uffff", "10", "9"]
        for source in sources:
            store.put_document(make_document("c", source))
        seen, cursor = [], None
        while True:
            page, cursor = store.documents("c", limit=3, cursor=cursor)
            seen += [record.document.source for record in page]
            if cursor is None:
                break
            assert len(page) == 3
        assert seen == sorted(sources)
        assert list(store.sources("c")) == sorted(sources)

    def test_a_page_holds_still_while_documents_come_and_go(self, store: Store) -> None:
        for n in range(0, 20, 2):
            store.put_document(make_document("c", f"{n:02}"))
        first, cursor = store.documents("c", limit=5)
        assert [record.document.source for record in first] == ["00", "02", "04", "06", "08"]
        store.put_document(make_document("c", "01"))  # before the cursor
        store.delete_document(document_id("c", "08"))  # the cursor itself
        store.put_document(make_document("c", "11"))  # after it
        second, cursor = store.documents("c", limit=10, cursor=cursor)
        assert [record.document.source for record in second] == ["10", "11", "12", "14", "16", "18"]
        assert cursor is None

    def test_pages_by_status(self, store: Store) -> None:
        store.put_document(make_document("c", "good"))
        store.fail_document("c", "bad", "code", "message")
        assert [r.document.source for r in store.documents("c", status="failed")[0]] == ["bad"]
        assert [r.document.source for r in store.documents("c", status="ready")[0]] == ["good"]

    @pytest.mark.parametrize("cursor", ["", "!", "é", "gICA", "AA"])
    def test_a_bad_cursor_is_refused(self, store: Store, cursor: str) -> None:
        with pytest.raises(InvalidInput) as error:
            store.documents("c", cursor=cursor)
        assert code(error) == "invalid_cursor"

    @pytest.mark.parametrize("limit", [0, -1, 1001])
    def test_a_bad_limit_is_refused(self, store: Store, limit: int) -> None:
        for call in (lambda: store.documents("c", limit=limit), lambda: store.jobs(limit=limit)):
            with pytest.raises(InvalidInput) as error:
                call()
            assert code(error) == "invalid_limit"

    # the log

    def test_the_log_tells_what_happened_in_order(self, store: Store) -> None:
        a, b = document_id("c", "a"), document_id("c", "b")
        store.put_document(make_document("c", "a"))
        store.put_document(make_document("c", "b"))
        store.put_document(make_document("c", "a", "Other."))
        store.delete_document(b)
        log = [(change.sequence, change.document_id, change.operation) for change in store.changes("c", 0)]
        assert log == [(1, a, "put"), (2, b, "put"), (3, a, "put"), (4, b, "delete")]
        assert [change.sequence for change in store.changes("c", 1, limit=2)] == [2, 3]
        assert store.changes("c", 4) == []
        assert store.version("c") == store.collection("c").version == 4

    def test_vectors_come_back_in_half_precision(self, store: Store) -> None:
        store.put_document(make_document("c", "b", "One. Two.", [5]))
        new = make_document("c", "a", "Three.")
        store.put_document(new)
        found = store.embedded([document_id("c", "a"), document_id("c", "b"), "f" * 24], *MODEL)
        assert [each.chunk.text for each in found] == ["One. ", "Two.", "Three."]
        assert [each.key for each in found] == sorted(each.key for each in found)
        dense = found[2].dense
        assert dense.dtype == np.float32
        np.testing.assert_array_equal(dense, new.chunks[0].dense.astype(np.float16).astype(np.float32))
        assert store.embedded([document_id("c", "a")], MODEL[0], "another revision") == []
        assert store.embedded([], *MODEL) == []

    def test_many_are_read_at_once(self, store: Store) -> None:
        text = "Five. Little. Chunks. Per. Text."
        for n in range(210):
            store.put_document(make_document("c", f"{n:03}", f"{n:03} {text}", [9, 17, 25, 30]))
        ids = [change.document_id for change in store.changes("c", 0)]
        found = store.embedded(ids, *MODEL)
        assert [each.chunk.document_id for each in found[::5]] == ids
        assert len(store.documents_by_id(ids * 5)) == 210
        keys = [each.key for each in found]
        assert list(store.hydrate(keys)) == list(store.token_vectors(keys, MODEL[0])) == keys
        assert len(keys) == 1050

    def test_keys_are_never_used_again(self, store: Store) -> None:
        seen: set[int] = set()
        for n in range(3):
            store.put_document(make_document("c", "a", f"Text {n}.", [3]))
            keys = {each.key for each in store.embedded([document_id("c", "a")], *MODEL)}
            assert not keys & seen
            seen |= keys
            if n == 1:
                store.delete_document(document_id("c", "a"))

    # reading hits

    def test_hits_are_read_in_the_order_asked(self, store: Store) -> None:
        for source in ("a", "b"):
            store.put_document(make_document("c", source, "One. Two.", [5], pages=(Page(1, 0, 9),)))
        found = store.embedded([document_id("c", "a"), document_id("c", "b")], *MODEL)
        keys = [found[3].key, found[0].key, 10**12, -1]
        read = store.hydrate(keys)
        assert list(read) == keys[:2]
        chunk, document = read[found[3].key]
        assert chunk == found[3].chunk
        assert document == store.document(chunk.document_id).document
        assert store.hydrate([]) == {}

    def test_a_hit_shows_the_present_document(self, store: Store) -> None:
        """What was read before must not be shown for a later version."""
        for title in ("First", "Second"):
            store.put_document(make_document("c", "a", title=title))
            [entry] = store.embedded([document_id("c", "a")], *MODEL)
            assert store.hydrate([entry.key])[entry.key][1].title == title

    def test_token_vectors_by_model(self, store: Store) -> None:
        new = make_document("c", "a", "One. Two.", [5])
        without = NewDocument(
            new.document, new.text, "h", [new.chunks[0], make_chunk(1, 5, 9, tokens=None)], *MODEL
        )
        store.put_document(without)
        first, second = store.embedded([document_id("c", "a")], *MODEL)
        assert store.token_vectors([second.key, first.key, 10**12], MODEL[0]) == {
            first.key: new.chunks[0].tokens
        }
        assert store.token_vectors([first.key], *MODEL) == {first.key: new.chunks[0].tokens}
        assert store.token_vectors([first.key], "another") == {}
        assert store.token_vectors([first.key], MODEL[0], "another revision") == {}
        assert store.token_vectors([], MODEL[0]) == {}

    # writers side by side

    def test_writers_side_by_side_leave_a_gapless_log(self, store: Store, url: str) -> None:
        """Two processes and two threads write, while a reader follows the log as a replica does."""
        store.bind_model("c", *MODEL, DIMENSION)
        writers = [processes().Process(target=write_to, args=(url, "c", f"p{n}", 15)) for n in range(2)]
        threads = [threading.Thread(target=write, args=(store, "c", f"t{n}", 15)) for n in range(2)]
        for writer in (*threads, *writers):
            writer.start()
        followed: list[int] = []
        while any(writer.is_alive() for writer in (*threads, *writers)):
            followed += [change.sequence for change in store.changes("c", len(followed), limit=7)]
            time.sleep(0.005)
        for writer in (*threads, *writers):
            writer.join()
        assert [writer.exitcode for writer in writers] == [0, 0]
        followed += [change.sequence for change in store.changes("c", len(followed))]
        changes_each = 15 + 5 + 3  # puts, replacements of every third, deletions of every seventh
        assert followed == list(range(1, 4 * changes_each + 1))
        assert store.collection("c").documents == 4 * (15 - 3)
        assert store.version("c") == len(followed)

    def test_one_source_put_by_many_is_there_once(self, store: Store) -> None:
        outcomes: list[str] = []
        new = make_document("c", "a", "One. Two.", [5])

        def put() -> None:
            outcomes.append(store.put_document(new))

        threads = [threading.Thread(target=put) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["added"] + ["unchanged"] * 5
        assert store.collection("c").chunks == 2

    # keys

    def test_a_key_is_verified_by_its_secret(self, store: Store) -> None:
        secret = store.add_key("laptop", "read", ["c"])
        admin = store.add_key("root", "admin")
        key = store.verify_key(secret)
        both = store.keys()
        assert key is not None
        assert (key.name, key.role, key.collections) == ("laptop", "read", ("c",))
        assert [each.name for each in both] == ["laptop", "root"]
        assert both[0] == key
        assert both[1].collections is None
        assert store.verify_key(admin) != key
        for wrong in ("", secret[:-1], secret + "x", key.id, "\0", "\ud800"):
            assert store.verify_key(wrong) is None

    def test_a_revoked_key_opens_nothing(self, store: Store) -> None:
        secret = store.add_key("laptop", "write")
        store.revoke_key(store.keys()[0].id)
        assert store.verify_key(secret) is None
        for unknown in ("nope", "a\0", "\ud800"):
            with pytest.raises(NotFound) as error:
                store.revoke_key(unknown)
            assert code(error) == "key_not_found"

    def test_a_role_is_one_of_three(self, store: Store) -> None:
        with pytest.raises(InvalidInput) as error:
            store.add_key("x", "owner")  # type: ignore[arg-type]
        assert code(error) == "invalid_role"

    # jobs

    def test_a_job_keeps_what_it_is_given(self, store: Store) -> None:
        items = [
            JobItem("b.txt", "sha", "text/plain", "B", {"year": 2020}, payload=b"\x00bytes"),
            JobItem("a.txt", path="/data/a.txt"),
        ]
        job = store.create_job("upload", "c", items, {"delete_missing": True, "root": "/data"})
        assert (job.kind, job.collection, job.status) == ("upload", "c", "queued")
        assert job.counts == JobCounts(total=2)
        assert store.job(job.id) == job
        assert store.job_request(job.id).options == {"delete_missing": True, "root": "/data"}
        first, second = store.job_items(job.id)
        assert first.item == JobItem("b.txt", "sha", "text/plain", "B", {"year": 2020})
        assert (first.job_id, first.state, first.outcome) == (job.id, "pending", None)
        assert second.item.path == "/data/a.txt"
        assert store.item_payload(first.id) == b"\x00bytes"
        assert store.item_payload(second.id) is None

    def test_items_end_once(self, store: Store) -> None:
        job = store.create_job("upload", "c", [JobItem(f"{n}.txt", payload=b"x") for n in range(4)])
        added, failed, pending, removed = store.job_items(job.id)
        store.finish_item(added.id, "added", quarantined=3)
        store.finish_item(added.id, "failed", ("late", "too late"))
        store.finish_item(failed.id, "failed", ("parse_failed", "bad\0"))
        store.finish_item(removed.id, "removed")
        assert store.job(job.id).counts == JobCounts(total=4, added=1, failed=1, removed=1, quarantined=3)
        assert store.job(job.id).errors == (SourceError("1.txt", "parse_failed", "bad\ufffd"),)
        assert [item.id for item in store.job_items(job.id, "pending")] == [pending.id]
        assert [item.error_code for item in store.job_items(job.id, "failed")] == ["parse_failed"]
        assert store.item_payload(added.id) is None
        assert store.item_payload(failed.id) == b"x"
        with pytest.raises(NotFound) as error:
            store.finish_item(10**9, "added")
        assert code(error) == "job_item_not_found"

    def test_a_failed_item_is_tried_again(self, store: Store) -> None:
        job = store.create_job("upload", "c", [JobItem("a.txt", payload=b"x"), JobItem("b.txt")])
        first, second = store.job_items(job.id)
        store.finish_item(first.id, "failed", ("parse_failed", "bad"))
        with pytest.raises(Conflict) as error:
            store.retry_job(job.id)
        assert code(error) == "job_not_finished"
        store.finish_item(second.id, "added")
        store.set_job_status(job.id, "partial")
        again = store.retry_job(job.id)
        assert (again.status, again.errors, again.counts) == ("queued", (), JobCounts(total=2, added=1))
        assert [item.id for item in store.job_items(job.id, "pending")] == [first.id]
        assert store.item_payload(first.id) == b"x"
        store.finish_item(first.id, "added")
        store.set_job_status(job.id, "succeeded")
        with pytest.raises(Conflict) as error:
            store.retry_job(job.id)
        assert code(error) == "nothing_to_retry"

    def test_a_cancelled_job_stays_so_until_it_is_retried(self, store: Store) -> None:
        job = store.create_job("upload", "c", [JobItem("a.txt", payload=b"x"), JobItem("b.txt")])
        first, second = store.job_items(job.id)
        assert store.set_job_status(job.id, "running") == "running"
        store.finish_item(second.id, "added")
        assert store.cancel_job(job.id).status == "cancelled"
        assert store.cancel_job(job.id).status == "cancelled"
        assert store.set_job_status(job.id, "succeeded") == "cancelled"
        assert store.job(job.id).status == "cancelled"
        assert [item.id for item in store.job_items(job.id, "cancelled")] == [first.id]
        assert store.pending_jobs() == []
        assert store.retry_job(job.id).status == "queued"
        assert store.item_payload(first.id) == b"x"
        store.finish_item(first.id, "added")
        store.set_job_status(job.id, "succeeded")
        with pytest.raises(Conflict) as error:
            store.cancel_job(job.id)
        assert code(error) == "job_finished"

    def test_a_job_is_cancelled_and_retried_while_its_items_end(self, store: Store) -> None:
        job = store.create_job("upload", "c", [JobItem(f"{n}", payload=b"x") for n in range(40)])
        items = [item.id for item in store.job_items(job.id)]

        def finish(mine: list[int]) -> None:
            for item in mine:
                store.finish_item(item, "added")

        with ThreadPoolExecutor(3) as pool:
            done = [pool.submit(finish, items[:20]), pool.submit(finish, items[20:])]
            while not all(each.done() for each in done):
                store.cancel_job(job.id)
                with contextlib.suppress(Conflict):  # nothing left to retry
                    store.retry_job(job.id)
            for each in done:
                each.result()
        assert store.job(job.id).counts == JobCounts(total=40, added=40)
        assert [store.item_payload(item) for item in items] == [None] * 40

    def test_jobs_are_listed(self, store: Store) -> None:
        store.create_collection("d")
        one = store.create_job("upload", "c", [])
        two = store.create_job("sync", "d", [JobItem("a")])
        three = store.create_job("upload", "c", [JobItem("b"), JobItem("c")])
        store.finish_item(store.job_items(two.id)[0].id, "failed", ("x", "y"))
        store.set_job_status(two.id, "failed")
        assert [job.id for job in store.jobs()] == [three.id, two.id, one.id]
        assert [job.id for job in store.jobs("c", limit=1)] == [three.id]
        assert store.jobs(status="failed") == [store.job(two.id)]
        assert store.jobs("c\0") == []
        assert [job.id for job in store.jobs(kind="upload", limit=2)] == [three.id, one.id]
        assert [job.id for job in store.pending_jobs()] == [one.id, three.id]
        assert [job.counts.total for job in store.jobs()] == [2, 1, 0]

    def test_errors_in_a_list_are_few(self, store: Store) -> None:
        job = store.create_job("upload", "c", [JobItem(f"{n}") for n in range(25)])
        for item in store.job_items(job.id):
            store.finish_item(item.id, "failed", ("x", "y"))
        assert [error.source for error in store.job(job.id).errors] == [f"{n}" for n in range(25)]
        assert [error.source for error in store.jobs()[0].errors] == [f"{n}" for n in range(20)]

    def test_an_idempotency_key_makes_one_job(self, store: Store) -> None:
        items = [JobItem("a.txt", payload=b"x")]
        job = store.create_job("upload", "c", items, idempotency_key="k")
        assert store.create_job("upload", "c", items, idempotency_key="k") == job
        assert len(store.jobs()) == 1
        with pytest.raises(Conflict) as error:
            store.create_job("upload", "c", [JobItem("a.txt", payload=b"y")], idempotency_key="k")
        assert code(error) == "idempotency_key_reused"
        store.create_collection("d")
        assert store.create_job("upload", "d", items, idempotency_key="k") != job

    @pytest.mark.parametrize("key", ["", "nope", "a\0", "\ud800"])
    def test_a_job_that_never_was_is_not_found(self, store: Store, key: str) -> None:
        for call in (store.job, store.job_items, store.job_request, store.cancel_job, store.retry_job):
            with pytest.raises(NotFound) as error:
                call(key)
            assert code(error) == "job_not_found"
        with pytest.raises(NotFound):
            store.set_job_status(key, "running")
        assert store.item_payload(10**9) is None

    # locks

    def test_one_holder_at_a_time(self, store: Store, url: str) -> None:
        with Store.open(url) as other:
            with store.exclusive("ingest") as mine, other.exclusive("ingest") as theirs:
                assert (mine, theirs) == (True, False)
                with other.exclusive("something-else") as free:
                    assert free
            with other.exclusive("ingest") as theirs:
                assert theirs

    def test_a_lock_dies_with_its_holder(self, store: Store, url: str) -> None:
        held = processes().Event()
        holder = processes().Process(target=hold, args=(url, "ingest", held))
        holder.start()
        assert held.wait(30)
        with store.exclusive("ingest") as mine:
            assert not mine
        holder.kill()
        holder.join()
        for _ in range(200):  # PostgreSQL notices a moment later
            with store.exclusive("ingest") as mine:
                if mine:
                    break
            time.sleep(0.05)
        assert mine

    # opening again

    def test_everything_is_there_after_a_restart(self, store: Store, url: str) -> None:
        store.put_document(make_document("c", "a", "One. Two.", [5]))
        secret = store.add_key("laptop", "read")
        job = store.create_job("upload", "c", [JobItem("b", payload=b"x")])
        with Store.open(url) as again:
            assert again.documents("c") == store.documents("c")
            assert again.changes("c", 0) == store.changes("c", 0)
            assert again.verify_key(secret) is not None
            assert again.job(job.id) == job

    # another encoder

    def test_another_encoder_s_vectors_stand_beside_and_then_take_over(self, store: Store) -> None:
        put_some(store, 5)
        job = reembedding(store)
        assert [one.context for one in store.unembedded("c", *NEXT)] == ["Guide > a"] * 5
        first = store.unembedded("c", *NEXT, limit=3)
        rest = store.unembedded("c", *NEXT, after=first[-1].key)
        assert [len(first), len(rest), store.embedded_chunks("c", *MODEL)] == [3, 2, 5]
        assert store.add_vectors("c", *NEXT, vectors_for(first)) == 3
        assert not store.switch_encoder("c", *NEXT, job), "two chunks lack a vector"
        assert store.unembedded("c", *NEXT) == rest
        assert store.collection("c").encoder == BoundEncoder(*MODEL, DIMENSION)
        assert len(store.embedded([each.id for each in documents_of(store)], *MODEL)) == 5
        store.add_vectors("c", *NEXT, vectors_for(rest))
        version = store.version("c")
        assert store.switch_encoder("c", *NEXT, job)
        assert store.switch_encoder("c", *NEXT, job), "again does nothing"
        c = store.collection("c")
        assert (c.encoder, c.generation) == (BoundEncoder(*NEXT, DIMENSION + 1), 1)
        assert (c.version, c.chunks) == (version, 5)
        while store.drop_other_vectors("c", limit=2):
            assert store.reembeddings()
        assert store.reembeddings() == {}
        ids = [each.id for each in documents_of(store)]
        assert store.embedded(ids, *MODEL) == []
        keys = [each.key for each in store.embedded(ids, *NEXT)]
        assert store.token_vectors(keys, *MODEL) == {}
        assert set(store.token_vectors(keys, *NEXT).values()) == {b"packed"}
        assert all(vector.shape == (DIMENSION + 1,) for vector in store.vectors(keys, *NEXT).values())

    def test_after_the_switch_only_the_new_encoder_may_write(self, store: Store) -> None:
        put_some(store, 1)
        job = reembedding(store)
        store.add_vectors("c", *NEXT, vectors_for(store.unembedded("c", *NEXT)))
        store.put_document(make_document("c", "late.txt"))
        assert not store.switch_encoder("c", *NEXT, job), "what came meanwhile lacks a vector"
        store.add_vectors("c", *NEXT, vectors_for(store.unembedded("c", *NEXT)))
        assert store.switch_encoder("c", *NEXT, job)
        with pytest.raises(IndexMismatch):
            store.put_document(make_document("c", "later.txt"))
        while store.drop_other_vectors("c"):
            pass

    def test_a_cancelled_job_cannot_switch_and_its_vectors_go(self, store: Store) -> None:
        put_some(store, 2)
        job = reembedding(store)
        store.add_vectors("c", *NEXT, vectors_for(store.unembedded("c", *NEXT)))
        store.cancel_job(job)
        with pytest.raises(Conflict) as error:
            store.switch_encoder("c", *NEXT, job)
        assert code(error) == "reembedding_ended"
        while store.drop_other_vectors("c"):
            pass
        assert store.reembeddings() == {}
        assert store.embedded_chunks("c", *NEXT) == 0
        assert store.embedded_chunks("c", *MODEL) == 2
        with pytest.raises(Conflict) as error:
            store.add_vectors("c", *NEXT, [])
        assert code(error) == "reembedding_ended"

    def test_vectors_of_chunks_that_are_gone_are_left_out(self, store: Store) -> None:
        put_some(store, 2)
        reembedding(store)
        found = store.unembedded("c", *NEXT)
        store.delete_document(document_id("c", "0.txt"))
        assert store.add_vectors("c", *NEXT, vectors_for(found)) == 1
        assert store.add_vectors("c", *NEXT, vectors_for(found)) == 1, "twice is once"
        assert store.embedded_chunks("c", *NEXT) == 1

    def test_a_third_encoder_waits_for_the_second(self, store: Store) -> None:
        reembedding(store)
        with pytest.raises(Conflict) as error:
            store.begin_reembedding("c", "third", "r1", 8)
        assert code(error) == "reembedding"
        store.delete_collection("c")
        assert store.create_collection("c").encoder is None
        assert store.reembeddings() == {}

    def test_quarantined_chunks_get_their_vector_too(self, store: Store) -> None:
        """They may be released one day."""
        store.put_document(make_document("c", "a.txt", quarantine="secret"))
        job = reembedding(store)
        found = store.unembedded("c", *NEXT)
        assert len(found) == store.find("c", "a.txt").quarantined > 0  # type: ignore[union-attr]
        assert not store.switch_encoder("c", *NEXT, job)
        store.add_vectors("c", *NEXT, vectors_for(found))
        assert store.switch_encoder("c", *NEXT, job)


NEXT = ("next-encoder", "r7")


def put_some(store: Store, count: int) -> None:
    for number in range(count):
        store.put_document(make_document("c", f"{number}.txt", context="Guide > a"))


def documents_of(store: Store) -> list[Document]:
    return [record.document for record in store.documents("c")[0]]


def reembedding(store: Store) -> str:
    """A running job, with the next encoder named."""
    job = store.create_job("reembed", "c", [JobItem("switch")])
    store.set_job_status(job.id, "running")
    store.begin_reembedding("c", *NEXT, DIMENSION + 1)
    return job.id


def vectors_for(found: list[UnembeddedChunk]) -> list[NewVectors]:
    dense = np.full(DIMENSION + 1, 1 / (DIMENSION + 1) ** 0.5, np.float32)
    return [NewVectors(one.key, dense, b"packed") for one in found]
