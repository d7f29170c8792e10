"""A folder and its collection, whatever happens to the folder: the real store, encoder and parser."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from ingest.submit import submit_folder
from ingest.types import SyncOptions
from jobs.worker import Worker
from rag.errors import Conflict
from rag.store import Store, document_id
from rag.types import Job, JobCounts
from tests.ingest.unprivileged import unprivileged

FOLLOW = SyncOptions(delete_missing=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three small pages, one of them in a folder."""
    folder = tmp_path / "pages"
    (folder / "in").mkdir(parents=True)
    for name in ("one", "two", "in/three"):
        (folder / f"{name}.md").write_text(f"# Page\n\nThis page is about the number {name}.\n")
    return folder


@pytest.fixture
def follow(store: Store, worker: Worker, folder: Path) -> Follow:
    return Follow(store, worker, folder)


class Follow:
    """Syncs the folder and hands back the finished job."""

    def __init__(self, store: Store, worker: Worker, folder: Path) -> None:
        self._store, self._worker, self._folder = store, worker, folder

    def __call__(self, options: SyncOptions = FOLLOW) -> Job:
        job = submit_folder(self._store, "c", self._folder, options)
        self._worker.drain()
        return self._store.jobs.get(job.id)


def sources(store: Store) -> list[str]:
    return list(store.documents.sources("c"))


def test_a_moved_file_keeps_its_chunks_and_vectors(store: Store, folder: Path, follow: Follow) -> None:
    assert follow().counts == JobCounts(3, added=3)
    info = store.collections.bound("c")
    assert info is not None
    before = store.changes.embedded([document_id("c", "one.md")], *info[:2])
    (folder / "one.md").rename(folder / "in" / "first.md")
    (folder / "two.md").unlink()
    (folder / "new.md").write_text("# New\n\nThis page is new.\n")
    job = follow()
    assert (job.status, job.counts) == (
        "succeeded", JobCounts(total=4, added=1, moved=1, removed=1, unchanged=1),
    )  # fmt: skip
    assert sources(store) == ["in/first.md", "in/three.md", "new.md"]
    after = store.changes.embedded([document_id("c", "in/first.md")], *info[:2])
    assert [chunk.chunk.text for chunk in after] == [chunk.chunk.text for chunk in before]
    assert all(np.array_equal(a.dense, b.dense) for a, b in zip(after, before, strict=True))
    assert follow().counts == JobCounts(3, unchanged=3)


def test_a_folder_that_was_renamed_moves_as_a_whole(store: Store, folder: Path, follow: Follow) -> None:
    follow()
    folder.joinpath("in").rename(folder / "out")
    assert follow().counts == JobCounts(3, moved=1, unchanged=2)
    assert sources(store) == ["one.md", "out/three.md", "two.md"]


def test_a_copy_and_a_moved_file_of_another_format_are_read(
    store: Store, folder: Path, follow: Follow
) -> None:
    follow()
    (folder / "copy.md").write_bytes((folder / "one.md").read_bytes())
    (folder / "two.md").rename(folder / "two.txt")
    assert follow().counts == JobCounts(5, added=2, removed=1, unchanged=2)
    assert store.documents.get(document_id("c", "two.txt")).document.media_type == "text/plain"


def test_without_delete_missing_nothing_moves(store: Store, folder: Path, follow: Follow) -> None:
    follow()
    (folder / "one.md").rename(folder / "first.md")
    assert follow(SyncOptions()).counts == JobCounts(3, added=1, unchanged=2)
    assert sources(store) == ["first.md", "in/three.md", "one.md", "two.md"]


def test_below_an_unreadable_folder_nothing_is_deleted(
    store: Store, worker: Worker, folder: Path, follow: Follow
) -> None:
    follow()
    (folder / "one.md").unlink()
    (folder / "in").chmod(0)
    try:
        with unprivileged():
            job = follow()
    finally:
        (folder / "in").chmod(0o700)
    assert (job.status, job.counts) == ("partial", JobCounts(3, unchanged=1, removed=1, failed=1))
    assert [(error.source, error.code) for error in job.errors] == [("in/", "folder_unreadable")]
    assert sources(store) == ["in/three.md", "two.md"]
    store.jobs.retry(job.id)
    worker.drain()
    assert [error.code for error in store.jobs.get(job.id).errors] == ["folder_unreadable"]
    assert sources(store) == ["in/three.md", "two.md"], "a folder is no document, and a retry deletes nothing"


def test_an_empty_folder_deletes_everything_only_when_told_so(
    store: Store, folder: Path, follow: Follow
) -> None:
    follow()
    for file in [*folder.rglob("*.md")]:
        file.unlink()
    with pytest.raises(Conflict) as caught:
        follow()
    assert caught.value.code == "empty_root"
    with pytest.raises(Conflict):
        follow(SyncOptions(delete_missing=True, exclude=("*",)))
    assert len(sources(store)) == 3
    assert [job.status for job in store.jobs.newest()] == ["succeeded"], "what is refused leaves no job"
    assert follow(SyncOptions(delete_missing=True, allow_empty=True)).counts == JobCounts(3, removed=3)
    assert follow().status == "succeeded", "an empty collection has nothing to lose"


def test_names_that_are_not_utf8_fail_and_the_others_go_on(
    store: Store, folder: Path, follow: Follow
) -> None:
    (folder / os.fsdecode(b"caf\xe9.md")).write_text("x")
    job = follow()
    assert job.counts == JobCounts(4, added=3, failed=1)
    assert [(error.source, error.code) for error in job.errors] == [("caf\\udce9.md", "invalid_file_name")]


def test_patterns_decide_what_stays(store: Store, folder: Path, follow: Follow) -> None:
    follow()
    (folder / ".footnoteignore").write_text("in/\n")
    options = SyncOptions(delete_missing=True, include=("*.md",), exclude=("two.*",))
    assert follow(options).counts == JobCounts(3, unchanged=1, removed=2)
    assert store.jobs.request(store.jobs.newest()[0].id).options["exclude"] == "two.*"


def test_only_what_changed_is_looked_at(store: Store, folder: Path, follow: Follow) -> None:
    follow()
    (folder / "one.md").unlink()
    (folder / "two.md").write_text("# Page\n\nAnother text.\n")
    (folder / "in").rename(folder / "out")
    options = SyncOptions(delete_missing=True, only=("two.md", "in", "out"))
    assert follow(options).counts == JobCounts(2, replaced=1, moved=1)
    assert sources(store) == ["one.md", "out/three.md", "two.md"]
    assert follow(SyncOptions(delete_missing=True, only=("one.md",))).counts == JobCounts(1, removed=1)


def test_a_link_that_took_the_place_of_a_listed_file_is_not_followed(
    store: Store, worker: Worker, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret.md").write_text("# Secret\n\nThe code is 1234.\n")
    job = submit_folder(store, "c", folder)
    (folder / "one.md").unlink()
    (folder / "one.md").symlink_to(tmp_path / "secret.md")
    worker.drain()
    assert [(error.source, error.code) for error in store.jobs.get(job.id).errors] == [
        ("one.md", "file_unreadable")
    ]
