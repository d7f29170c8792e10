from __future__ import annotations

from pathlib import Path

import pytest

from ingest.discover import walk
from rag.errors import InvalidInput


def sources(folder: Path) -> list[str]:
    return [found.source for found in walk(folder)]


def test_files_come_in_order_with_paths_relative_to_the_folder(tmp_path: Path) -> None:
    for name in ("b.md", "a/z.md", "a/b/c.md", "c.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x" * len(name))
    assert sources(tmp_path) == ["a/b/c.md", "a/z.md", "b.md", "c.md"]
    assert [found.size for found in walk(tmp_path)] == [8, 6, 4, 4]


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
