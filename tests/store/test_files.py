"""Files that are written whole, and the lock on a file."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import Timeout

from rag.files import file_lock, write_whole

HOLD = (
    "import sys, time; from pathlib import Path; from rag.files import file_lock\n"
    "lock = file_lock(Path(sys.argv[1])); lock.acquire(); print('held', flush=True); time.sleep(60)"
)


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    write_whole(tmp_path / "in" / "file", "old", b" text")
    monkeypatch.setattr("rag.files.os.fsync", full)
    with pytest.raises(OSError, match="full"):
        write_whole(tmp_path / "in" / "file", "new")
    assert (tmp_path / "in" / "file").read_text() == "old text"
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["file"]


def test_a_lock_has_one_holder_and_goes_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(Timeout):
        file_lock(path).acquire()
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with file_lock(path), pytest.raises(Timeout):  # two of one thread exclude each other, too
        file_lock(path).acquire()
