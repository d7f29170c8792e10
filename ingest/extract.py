"""One item of a job up to its text: bytes, hash, what it is, parsed."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass

from ingest.discover import PLAIN, digest
from ingest.parse.failures import empty, too_large
from ingest.parse.parsers import kind_of
from ingest.parse.pool import ParserPool
from ingest.remote import is_remote, read_remote
from ingest.types import ParsedDocument
from rag.errors import ParseError
from rag.store import JobItem

TRIES = 3
_PAUSE_S = 0.1


@dataclass(frozen=True, slots=True)
class Extracted:
    """A source as read: `document` is None when its content is what the store has already."""

    sha256: str
    media_type: str
    document: ParsedDocument | None


def extract(
    item: JobItem, payload: bytes | None, pool: ParserPool, is_known: Callable[[JobItem, str], bool]
) -> Extracted:
    """Read, hash and parse an item; `is_known` is asked with its hash whether parsing can be spared.

    Raises ParseError: those of read_bytes and of parse/failures.py.
    """
    content = payload if payload is not None else read_bytes(item.path or "", pool.limits.file_bytes)
    sha256 = digest(content)
    kind = kind_of(item.source, content, item.media_type)
    if is_known(item, sha256):
        return Extracted(sha256, kind, None)
    if not content.strip():
        raise empty("The file is empty.")
    return Extracted(sha256, kind, pool.parse(item.source, kind, content))


def read_bytes(path: str, most: int) -> bytes:
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
