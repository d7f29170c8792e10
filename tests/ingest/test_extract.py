from __future__ import annotations

import os
from pathlib import Path

import pytest

from ingest.extract import read_bytes
from rag.errors import ParseError
from tests.ingest.unprivileged import unprivileged

UPTIME = Path("/proc/uptime")  # says that it has no bytes, and has another time at each look


def code(path: Path | str, most: int = 100) -> str:
    with pytest.raises(ParseError) as caught:
        read_bytes(str(path), most)
    return caught.value.code


def test_a_file_comes_back_whole(tmp_path: Path) -> None:
    for content in (b"", b"x" * 100):
        (tmp_path / "a").write_bytes(content)
        assert read_bytes(str(tmp_path / "a"), 100) == content


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * 101)
    (tmp_path / "link").symlink_to(tmp_path / "large")
    os.mkfifo(tmp_path / "pipe")
    assert code(tmp_path / "gone") == "file_not_found"
    assert code(tmp_path / "large") == "too_large"
    assert code(tmp_path) == "folder_unreadable"
    assert code(tmp_path / "pipe") == "file_unreadable"
    assert code(tmp_path / "link") == "file_unreadable", "a link put in place of the file that was listed"


def test_a_file_without_the_right_to_read_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    (tmp_path / "a").chmod(0)
    with unprivileged():
        assert code(tmp_path / "a") == "file_unreadable"


@pytest.mark.skipif(not UPTIME.exists(), reason="there is no /proc")
def test_a_file_that_is_never_the_same_is_named() -> None:
    assert code(UPTIME) == "file_changing"
