"""One item of a job up to its text: bytes, hash, what it is, parsed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ingest.discover import digest
from ingest.media import UNKNOWN, media_type
from ingest.parse.failures import empty, too_large
from ingest.parse.pool import ParserPool
from ingest.parse.registry import media_types
from ingest.types import ParsedDocument
from rag.errors import ParseError
from rag.store import JobItem

_VAGUE = (UNKNOWN, "text/plain")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A source as read: `document` is None when its content is what the store has already."""

    sha256: str
    media_type: str
    document: ParsedDocument | None


def load(
    item: JobItem, payload: bytes | None, pool: ParserPool, is_known: Callable[[JobItem, str], bool]
) -> Loaded:
    """Read, hash and parse an item; `is_known` is asked with its hash whether parsing can be spared.

    Raises ParseError: `file_not_found`, `file_unreadable`, and those of parse/failures.py.
    """
    content = payload if payload is not None else _read(Path(item.path or ""), pool.limits.file_bytes)
    sha256 = digest(content)
    kind = _kind(item, content)
    if is_known(item, sha256):
        return Loaded(sha256, kind, None)
    if not content.strip():
        raise empty("The file is empty.")
    return Loaded(sha256, kind, pool.parse(item.source, kind, content))


def _read(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(most + 1) if os.fstat(file.fileno()).st_size <= most else None
        if content is None or len(content) > most:
            raise too_large(f"The file is larger than {most // 2**20} MiB (parse_max_mb).")
        return content
    except FileNotFoundError as error:
        raise ParseError("The file is no longer there.", code="file_not_found") from error
    except OSError as error:
        raise ParseError(f"The file cannot be read: {error.strerror}.", code="file_unreadable") from error


def _kind(item: JobItem, content: bytes) -> str:
    """What content and name say; where that is vague, what the client declared."""
    found = media_type(item.source, content)
    declared = item.media_type.split(";")[0].strip().lower()
    return declared if found in _VAGUE and declared in media_types() else found
