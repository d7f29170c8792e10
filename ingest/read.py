"""A file's bytes as they were at one moment, or a named reason why not."""

from __future__ import annotations

import os
import stat
import time

from ingest.parse.failures import too_large
from ingest.remote import is_remote, read_remote
from ingest.tree import PLAIN
from rag.errors import ParseError

TRIES = 3
_PAUSE_S = 0.1


def read(path: str, most: int) -> bytes:
    """The bytes of a file or of a URL, at most `most`.

    A file that is written to meanwhile is read again, three times in all. Raises ParseError `file_not_found`,
    `file_unreadable`, `folder_unreadable` for a folder, `file_changing` and `too_large`.
    """
    once = read_remote if is_remote(path) else _read_file
    try:
        for attempt in range(TRIES):
            if attempt:
                time.sleep(_PAUSE_S)
            content = once(path, most)
            if content is not None:
                return content
    except FileNotFoundError as error:
        raise ParseError("The file is no longer there.", code="file_not_found") from error
    except IsADirectoryError as error:
        raise ParseError(
            "This is a folder that could not be listed. Sync again.", code="folder_unreadable"
        ) from error
    except OSError as error:
        reason = error.strerror or error
        raise ParseError(f"The file cannot be read: {reason}.", code="file_unreadable") from error
    raise ParseError(
        f"The file was being written to during each of {TRIES} attempts. Sync again later.",
        code="file_changing",
    )


def _read_file(path: str, most: int) -> bytes | None:
    """The content, or None when it changed or was put in place of another file meanwhile."""
    descriptor = os.open(path, PLAIN)
    with open(descriptor, "rb") as file:
        before = os.fstat(descriptor)
        if stat.S_ISDIR(before.st_mode):
            raise IsADirectoryError(path)
        if not stat.S_ISREG(before.st_mode):
            raise OSError(0, "it is no regular file")
        if before.st_size > most:
            raise too_large(f"The file is larger than {most // 2**20} MiB.")
        content = file.read(before.st_size + 1)
        held = os.fstat(descriptor)
    same = len(content) == before.st_size and _version(before) == _version(held) == _version(os.stat(path))
    return content if same else None


def _version(found: os.stat_result) -> tuple[int, int, int, int]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
