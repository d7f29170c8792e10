"""Files on this machine that several processes touch: written whole or not at all, and locks on them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import FileLock


def write_whole(path: Path, *content: str | bytes, sole_writer: bool = False) -> None:
    """Replace a file in one step: after a crash at any point it holds the old content or the new one.

    It is written aside, synced, and renamed. Several processes may do so at once: the last one stays. With
    `sole_writer` no other process writes this file, so that what a kill left aside is written over the next
    time. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.part" if sole_writer else f".{path.name}.{os.getpid()}.part")
    try:
        with aside.open("wb") as file:
            for part in content:
                file.write(part.encode() if isinstance(part, str) else part)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def file_lock(path: Path) -> FileLock:
    """A lock that one holder at a time has, among threads and processes; it goes with a holder that dies
    and with the object, so keep it.

    `acquire()` does not wait: it raises filelock's Timeout while another holds it. Any thread may release it.
    On a disk without flock it raises OSError: a lock that is a file's mere presence outlives its holder.
    """
    from filelock import FileLock  # here: a command that talks to a service takes no locks

    return FileLock(path, blocking=False, thread_local=False, fallback_to_soft=False)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
