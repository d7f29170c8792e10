from __future__ import annotations

import os
import socket
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest

from ingest.discover import Entry, walk, walk_tree
from ingest.patterns import Patterns
from ingest.submit import spooled
from ingest.types import FileEntry, Unreadable
from rag.errors import InvalidInput
from rag.store import JobItem, Store
from rag.store.values import clean_source
from tests.ingest.unprivileged import unprivileged


def sources(folder: Path) -> list[str]:
    return [found.source for found in walk(folder)]


def test_files_come_in_order_with_paths_relative_to_the_folder(tmp_path: Path) -> None:
    for name in ("b.md", "a/z.md", "a/b/c.md", "c.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x" * len(name))
    assert sources(tmp_path) == ["a/b/c.md", "a/z.md", "b.md", "c.md"]
    assert [found.size for found in walk(tmp_path) if isinstance(found, FileEntry)] == [8, 6, 4, 4]


def test_hidden_files_and_folders_are_skipped(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("x")
    (tmp_path / ".env").write_text("x")
    (tmp_path / "seen.md").write_text("x")
    assert sources(tmp_path) == ["seen.md"]


def test_links_lead_neither_out_of_the_folder_nor_round_in_circles(tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("outside")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "real.md").write_text("x")
    (inside / "out.md").symlink_to(tmp_path / "secret.md")
    (inside / "same.md").symlink_to(inside / "real.md")
    (inside / "loop").symlink_to(inside)
    (inside / "dangling.md").symlink_to(inside / "gone.md")
    assert sources(inside) == ["real.md", "same.md"]


def test_a_file_is_a_folder_of_one(tmp_path: Path) -> None:
    (tmp_path / "one.md").write_text("x")
    assert sources(tmp_path / "one.md") == ["one.md"]


def test_a_path_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        sources(tmp_path / "nowhere")
    assert caught.value.code == "path_not_found"


def fill(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")


def unreadable(folder: Path) -> list[tuple[str, str]]:
    return [(each.source, each.code) for each in walk(folder) if isinstance(each, Unreadable)]


def test_a_folder_that_may_not_be_listed_is_named_and_the_others_are_walked(tmp_path: Path) -> None:
    fill(tmp_path, "a.md", "shut/b.md", "z/c.md")
    (tmp_path / "shut").chmod(0)
    try:
        with unprivileged():
            found = list(walk(tmp_path))
            with pytest.raises(InvalidInput) as caught:
                sources(tmp_path / "shut")
    finally:
        (tmp_path / "shut").chmod(0o700)
    assert [each.source for each in found] == ["a.md", "shut/", "z/c.md"]
    (shut,) = [each for each in found if isinstance(each, Unreadable)]
    assert (shut.code, shut.path) == ("folder_unreadable", str(tmp_path / "shut"))
    assert "Permission denied" in shut.message
    assert caught.value.code == "folder_unreadable"


def test_names_that_cannot_be_stored_are_named(tmp_path: Path) -> None:
    fill(tmp_path, "good.md")
    (tmp_path / os.fsdecode(b"caf\xe9.md")).write_text("x")
    (tmp_path / os.fsdecode(b"d\xff")).mkdir()
    deep = tmp_path
    for _ in range(9):
        deep = deep / ("n" * 250)
        deep.mkdir()
    fill(deep, "too-deep.md")
    found = unreadable(tmp_path)
    assert {code for _, code in found} == {"invalid_file_name"}
    assert [source for source, _ in found][:2] == ["caf\\udce9.md", "d\\udcff/"]
    assert found[2][0].endswith("/")
    assert len(found) == 3
    assert all(clean_source(source) == source and len(source) < 300 for source, _ in found)
    assert [each.source for each in walk(tmp_path) if isinstance(each, FileEntry)] == ["good.md"]


def test_what_is_no_file_is_skipped_without_waiting_for_it(tmp_path: Path) -> None:
    fill(tmp_path, "a.md")
    os.mkfifo(tmp_path / "pipe.md")
    with socket.socket(socket.AF_UNIX) as listener, chdir(tmp_path):
        listener.bind("socket.md")
        assert sources(tmp_path) == ["a.md"]


def test_a_large_folder_comes_in_runs_that_are_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.discover.BATCH", 10)
    names = [f"{n:02}.md" for n in range(25)]
    fill(tmp_path, *names)
    found = sources(tmp_path)
    assert sorted(found) == names
    assert [found[n : n + 10] == sorted(found[n : n + 10]) for n in (0, 10, 20)] == [True] * 3


def test_a_tree_deeper_than_the_stack_of_python_is_walked(tmp_path: Path) -> None:
    depth = sys.getrecursionlimit() + 10
    folder = Endless(depth)
    assert [each.source for each in walk_tree(folder, "", Patterns())] == ["d/" * depth + "a.md"]


class Endless:
    """A folder in a folder, so many times, and a file in the last: with a name too long for most disks."""

    def __init__(self, depth: int) -> None:
        self._depth = depth

    def entries(self, folder: str) -> Iterator[Entry]:
        if len(folder) < self._depth:
            yield Entry("d", "folder", f"{folder}d")
        else:
            yield Entry("a.md", "file", "")

    def ignore_file(self, folder: str) -> str:
        return ""


class Wide:
    """A folder of so many files."""

    def __init__(self, files: int) -> None:
        self._files = files

    def entries(self, folder: str) -> Iterator[Entry]:
        return (Entry(f"{n}.md", "file", f"/data/{n}.md") for n in range(self._files))

    def ignore_file(self, folder: str) -> str:
        return ""


def test_memory_does_not_grow_with_the_tree(store: Store) -> None:
    def peak(files: int) -> int:
        items = (JobItem(each.source, path=each.path) for each in walk_tree(Wide(files), "", Patterns()))
        tracemalloc.start()
        try:
            with spooled(items) as spool:
                assert spool.count == files
                store.jobs.create("sync", "c", spool)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(2_000)  # imports and caches
    small, large = peak(4_000), peak(40_000)
    assert large < small * 1.5


def test_patterns_take_and_leave_out(tmp_path: Path) -> None:
    fill(tmp_path, "a.md", "b.log", "docs/c.md", "docs/c.txt", "build/d.md", "docs/build/e.md")

    def taken(include: list[str], exclude: list[str]) -> list[str]:
        return [each.source for each in walk(tmp_path, Patterns.given(include, exclude))]

    assert taken(["*.md"], []) == ["a.md", "build/d.md", "docs/build/e.md", "docs/c.md"]
    assert taken(["docs/"], ["*.txt"]) == ["docs/build/e.md", "docs/c.md"]
    assert taken([], ["build/"]) == ["a.md", "b.log", "docs/c.md", "docs/c.txt"]
    assert taken([], ["/build/", "*.log", "!b.log"]) == [
        "a.md", "b.log", "docs/build/e.md", "docs/c.md", "docs/c.txt",
    ]  # fmt: skip
    with pytest.raises(InvalidInput) as caught:
        taken(["!"], [])
    assert caught.value.code == "invalid_pattern"


def test_ignore_files_hold_for_what_lies_below_them(tmp_path: Path) -> None:
    fill(tmp_path, "a.log", "a.md", "in/b.log", "in/keep.log", "in/x.md", "in/deep/x.md", "x.md", "out/y.md")
    (tmp_path / ".footnoteignore").write_text("# comment\n*.log\nout/\n")
    (tmp_path / "in" / ".footnoteignore").write_text("!keep.log\n/x.md\n")
    (tmp_path / "out" / ".footnoteignore").write_text("!y.md\n")  # as in git: its folder is left out
    assert sources(tmp_path) == ["a.md", "in/deep/x.md", "in/keep.log", "x.md"]
    assert next(walk(tmp_path, Patterns.given([], ["!a.log"]))).source == "a.log"


def test_a_folder_whose_ignore_file_says_nothing_clear_is_left_out_and_named(tmp_path: Path) -> None:
    fill(tmp_path, "a/x.md", "b/x.md", "c.md")
    (tmp_path / "a" / ".footnoteignore").write_text("!\n")
    (tmp_path / "b" / ".footnoteignore").symlink_to("/etc/hostname")
    assert unreadable(tmp_path) == [("a/", "invalid_pattern"), ("b/", "folder_unreadable")]
    (tmp_path / ".footnoteignore").write_text("!\n")
    with pytest.raises(InvalidInput) as caught:
        sources(tmp_path)
    assert caught.value.code == "invalid_pattern"


def test_folders_to_skip_are_not_entered_by_a_link_either(tmp_path: Path) -> None:
    fill(tmp_path, "data/store.txt", "a.md")
    (tmp_path / "link.txt").symlink_to(tmp_path / "data" / "store.txt")
    assert [each.source for each in walk(tmp_path, skip=[tmp_path / "data"])] == ["a.md"]


def test_only_some_paths_are_looked_at(tmp_path: Path) -> None:
    fill(tmp_path, "a/b/c.md", "a/bb.md", "a.md", "d/e.md")
    given = Patterns.given([], [], ["a/b", "d/e.md", "gone.md"])
    assert [each.source for each in walk(tmp_path, given)] == ["a/b/c.md", "d/e.md"]
