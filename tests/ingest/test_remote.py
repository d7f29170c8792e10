"""Objects behind a URL, in fsspec's file system in memory."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from ingest.discover import ALL
from ingest.extract import read_bytes
from ingest.handler import ingest_worker
from ingest.patterns import Patterns
from ingest.remote import is_remote, is_under, walk_remote
from ingest.submit import location, submit_folder
from ingest.types import FileEntry, SyncOptions
from rag.errors import Conflict, InvalidInput, ParseError
from rag.models.types import Encoder
from rag.settings import Settings
from rag.store import Store
from rag.types import Job, JobCounts

URL = "memory://bucket/docs"
FOLLOW = SyncOptions(delete_missing=True)


@pytest.fixture
def bucket() -> Iterator[MemoryFileSystem]:
    system = fsspec.filesystem("memory")
    for name in ("one.md", "in/two.md", ".hidden/x.md", "b.log"):
        system.pipe(f"/bucket/docs/{name}", f"# Page\n\nThis is the text of {name}.\n".encode())
    system.pipe("/bucket/docs-not/x.md", b"another prefix")
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def sources(url: str = URL, patterns: Patterns = ALL) -> list[str]:
    return [each.source for each in walk_remote(url, patterns)]


def test_objects_are_walked_like_files(bucket: MemoryFileSystem) -> None:
    assert sources() == sources(URL + "/") == ["b.log", "in/two.md", "one.md"]
    assert sources(patterns=Patterns.given(["*.md"], ["in/"])) == ["one.md"]
    bucket.pipe("/bucket/docs/.footnoteignore", b"*.log\n")
    assert sources() == ["in/two.md", "one.md"]
    found = next(walk_remote(f"{URL}/one.md", ALL))
    assert isinstance(found, FileEntry)
    assert (found.source, found.size) == ("one.md", 36)
    assert read_bytes(found.path, 100) == b"# Page\n\nThis is the text of one.md.\n"


def test_what_cannot_be_read_has_the_codes_of_files(bucket: MemoryFileSystem, tmp_path: Path) -> None:
    for path, most, code in (
        ("one.md", 10, "too_large"),
        ("gone", 10, "file_not_found"),
        ("in", 10, "folder_unreadable"),
    ):
        with pytest.raises(ParseError) as caught:
            read_bytes(f"{URL}/{path}", most)
        assert caught.value.code == code
    for url, code in (
        ("memory://bucket/nowhere", "path_not_found"),
        ("nonsense://bucket", "unknown_protocol"),
        ("zip://x::file:///etc/passwd", "unknown_protocol"),
    ):
        with pytest.raises(InvalidInput) as refused:
            location(url)
        assert refused.value.code == code


@pytest.mark.skipif(importlib.util.find_spec("s3fs") is not None, reason="s3fs is installed")
def test_without_the_package_of_a_store_the_message_names_it() -> None:
    with pytest.raises(InvalidInput) as caught:
        location("s3://bucket/docs")
    assert caught.value.code == "extra_missing"
    assert "s3fs" in caught.value.message


def test_a_url_and_a_path_are_told_apart() -> None:
    assert is_remote("s3://bucket/a b")
    assert not any(map(is_remote, ("/srv/a", "C:/a", "s3:/bucket", "a/b://c")))


@pytest.mark.parametrize(
    ("url", "inside"),
    [
        ("s3://b/docs", True),
        ("s3://b/docs/", True),
        ("s3://b/docs/a/b.md", True),
        ("s3://b/docs-not/a", False),
        ("s3://b", False),
        ("s3://b/docs/../other", False),
        ("gs://b/docs/a", False),
        ("s3://b/docs/x::file:///etc/passwd", False),
    ],
)
def test_roots_bound_urls_by_whole_names(url: str, inside: bool) -> None:
    assert is_under(url, ["s3://other", "s3://b/docs/"]) is inside


def test_a_collection_follows_a_bucket_and_fetches_only_what_changed(
    bucket: MemoryFileSystem, store: Store, settings: Settings, encoder: Encoder
) -> None:
    with ingest_worker(settings, store, encoder) as worker:

        def follow() -> Job:
            job = submit_folder(store, "c", URL, FOLLOW)
            worker.drain()
            return store.jobs.get(job.id)

        assert follow().counts == JobCounts(3, added=3)
        # Bytes changed behind the store's back: who asks for its version only does not see it.
        bucket.store["/bucket/docs/one.md"].getbuffer()[:6] = b"# Edit"
        assert follow().counts == JobCounts(3, unchanged=3)
        bucket.pipe("/bucket/docs/one.md", b"# New\n\nAnother text.\n")
        bucket.mv("/bucket/docs/in/two.md", "/bucket/docs/two.md")
        bucket.rm("/bucket/docs/b.log")
        assert follow().counts == JobCounts(3, replaced=1, moved=1, removed=1)
        bucket.pipe("/bucket/docs/one.md", bucket.cat("/bucket/docs/one.md"))  # a new version, the same bytes
        assert follow().counts == JobCounts(2, unchanged=2)
        assert follow().counts == JobCounts(2, unchanged=2)
        bucket.rm("/bucket/docs", recursive=True)
        bucket.mkdir("/bucket/docs")
        with pytest.raises(Conflict):
            follow()
