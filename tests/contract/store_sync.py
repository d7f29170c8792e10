"""What every store must do for a sync: items in batches, missing sources, documents that move."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from rag.errors import InvalidInput
from rag.store import ItemRecord, JobItem, Store, document_id
from rag.types import Change, Job, JobCounts
from tests.contract.store_making import MODEL, make_document

UNLISTED = ("folder_unreadable", "The folder cannot be read: Permission denied.")


def found(*sources: str) -> Iterator[JobItem]:
    return (JobItem(source, path=f"/data/{source}") for source in sources)


def sync(store: Store, *items: JobItem) -> Job:
    return store.jobs.create("sync", "c", iter(items), delete_missing=True)


def to_delete(store: Store, job: Job) -> list[str]:
    return [item.item.source for item in store.jobs.items(job.id, "pending") if item.item.path is None]


def item_of(store: Store, job: Job, source: str) -> ItemRecord:
    (item,) = [item for item in store.jobs.items(job.id) if item.item.source == source]
    return item


class SyncContract:
    def test_items_of_an_iterator_keep_their_order_over_many_batches(self, store: Store) -> None:
        names = [f"{n}.md" for n in range(4500)]
        job = store.jobs.create("sync", "c", found(*names))
        assert [item.item.source for item in store.jobs.items(job.id)] == names
        assert job.counts == JobCounts(total=4500)

    def test_payloads_stay_with_their_items_over_many_batches(self, store: Store) -> None:
        items = [JobItem(f"{n}", payload=b"%d" % n if n % 2 else None) for n in range(2100)]
        job = store.jobs.create("upload", "c", items)
        written = store.jobs.items(job.id)
        for place in (0, 1, 1999, 2000, 2001, 2099):
            assert store.jobs.payload(written[place].id) == items[place].payload

    def test_a_bad_item_late_in_an_iterator_leaves_no_job(self, store: Store) -> None:
        with pytest.raises(InvalidInput):
            store.jobs.create("sync", "c", found(*(f"{n}" for n in range(2500)), "\0"))
        assert store.jobs.newest() == []

    def test_an_item_may_have_failed_from_the_start(self, store: Store) -> None:
        job = sync(store, *found("a.md"), JobItem("shut/", path="/data/shut", error=UNLISTED))
        assert job.counts == JobCounts(total=2, failed=1)
        assert [(e.source, e.code) for e in job.errors] == [("shut/", "folder_unreadable")]
        assert [item.item.source for item in store.jobs.items(job.id, "pending")] == ["a.md"]

    def test_what_is_missing_is_deleted_and_nothing_else(self, store: Store) -> None:
        store.collections.create("d")
        for source in ("a.md", "b.md", "ü/c.md", "Z.md"):
            store.documents.put(make_document("c", source))
        store.documents.fail("c", "broken.pdf", "corrupt_file", "bad")
        store.documents.put(make_document("d", "other.md"))
        job = sync(store, *found("b.md", "new.md"))
        assert to_delete(store, job) == ["Z.md", "a.md", "broken.pdf", "ü/c.md"]
        assert job.counts.total == 6
        assert to_delete(store, store.jobs.create("sync", "c", found("b.md"))) == []

    def test_below_a_folder_that_could_not_be_listed_nothing_is_missing(self, store: Store) -> None:
        for source in ("shut/a.md", "shut/in/b.md", "shutter.md", "SHUT/c.md", "sh%/d.md", "shu_/e.md"):
            store.documents.put(make_document("c", source))
        shut = [JobItem(name, path="/data", error=UNLISTED) for name in ("shut/", "sh%/")]
        assert to_delete(store, sync(store, *shut)) == ["SHUT/c.md", "shu_/e.md", "shutter.md"]

    def test_a_document_moves_with_all_it_has(self, store: Store) -> None:
        new = make_document(
            "c", "old/a.md", "One. Two. Three.", [5, 10], title="a.md", metadata={"year": 2020}, content="h"
        )
        store.documents.put(new)
        before, version = store.collections.get("c"), store.changes.version("c")
        old = document_id("c", "old/a.md")
        vectors = [chunk.dense for chunk in store.changes.embedded([old], *MODEL)]
        keys = {chunk.key for chunk in store.changes.embedded([old], *MODEL)}
        job = sync(store, *found("new/b.md"))
        assert store.documents.has_vanished(job.id, "h")
        assert store.documents.move(job.id, "new/b.md", "h", "text/plain")

        key = document_id("c", "new/b.md")
        record = store.documents.get(key)
        assert (record.document.source, record.document.title) == ("new/b.md", "b.md")
        assert record.document.metadata == {"year": 2020}
        assert store.documents.text(key) == "One. Two. Three."
        assert [chunk.text for chunk in store.chunks.of(key)] == ["One. ", "Two. ", "Three."]
        moved = store.changes.embedded([key], *MODEL)
        assert all(np.array_equal(a.dense, b) for a, b in zip(moved, vectors, strict=True))
        assert keys.isdisjoint(chunk.key for chunk in moved), "a replica would take them for the old ones"
        assert len(store.chunks.token_vectors([chunk.key for chunk in moved], *MODEL)) == 3
        assert store.documents.find("c", "old/a.md") is None
        assert store.changes.after("c", version) == [
            Change(version + 1, old, "delete"),
            Change(version + 2, key, "put"),
        ]
        after = store.collections.get("c")
        assert (after.documents, after.chunks) == (before.documents, before.chunks)
        assert store.documents.put(make_document("c", "new/b.md", content="other")) == "replaced"

    def test_a_move_counts_once(self, store: Store) -> None:
        store.documents.put(make_document("c", "old.md", content="h"))
        job = sync(store, *found("new.md"))
        deletion = item_of(store, job, "old.md")
        assert store.documents.move(job.id, "new.md", "h", "text/plain")
        store.jobs.finish_item(item_of(store, job, "new.md").id, "moved")
        store.jobs.finish_item(deletion.id, "removed")  # a worker that had taken it before
        assert store.jobs.get(job.id).counts == JobCounts(total=1, moved=1)
        assert store.jobs.items(job.id, "pending") == []

    def test_of_two_with_the_same_content_the_one_of_the_same_name_moves(self, store: Store) -> None:
        for source in ("x/one.md", "x/two.md"):
            store.documents.put(make_document("c", source, content="h"))
        job = sync(store, *found("y/two.md", "y/one.md", "y/three.md"))
        assert store.documents.move(job.id, "y/two.md", "h", "text/plain")
        assert store.documents.find("c", "x/one.md") is not None
        assert store.documents.move(job.id, "y/one.md", "h", "text/plain")
        assert not store.documents.move(job.id, "y/three.md", "h", "text/plain")
        assert not store.documents.has_vanished(job.id, "h")

    @pytest.mark.parametrize(
        ("content", "media_type"), [("other", "text/plain"), ("h", "text/markdown"), ("", "text/plain")]
    )
    def test_another_content_or_format_does_not_move(
        self, store: Store, content: str, media_type: str
    ) -> None:
        store.documents.put(make_document("c", "old.md", content="h"))
        job = sync(store, *found("new.md"))
        assert not store.documents.move(job.id, "new.md", content, media_type)
        assert store.documents.find("c", "old.md") is not None
        assert store.documents.find("c", "new.md") is None

    def test_what_the_job_does_not_delete_does_not_move(self, store: Store) -> None:
        store.documents.put(make_document("c", "old.md", content="h"))
        job = store.jobs.create("sync", "c", found("new.md"))
        assert not store.documents.has_vanished(job.id, "h")
        assert not store.documents.move(job.id, "new.md", "h", "text/plain")
        assert not store.documents.move("0" * 24, "new.md", "h", "text/plain")

    def test_a_move_gives_way_to_a_ready_document_and_takes_the_place_of_a_failed_one(
        self, store: Store
    ) -> None:
        store.documents.put(make_document("c", "old.md", content="h"))
        store.documents.put(make_document("c", "ready.md", content="other"))
        store.documents.fail("c", "failed.md", "corrupt_file", "bad")
        job = sync(store, *found("ready.md", "failed.md"))
        assert not store.documents.move(job.id, "ready.md", "h", "text/plain")
        assert store.documents.move(job.id, "failed.md", "h", "text/plain")
        assert store.documents.get(document_id("c", "failed.md")).error_code is None

    def test_the_origin_of_a_content_is_kept_until_it_is_replaced(self, store: Store) -> None:
        store.documents.put(make_document("c", "a.md", content="h"))
        key = document_id("c", "a.md")
        assert store.documents.origin(key) == ""
        store.documents.set_origin(key, "etag=1")
        assert store.documents.origin(key) == "etag=1"
        store.documents.put(make_document("c", "a.md", content="other"))
        assert store.documents.origin(key) == ""
        assert store.documents.origin("nonsense") == ""
