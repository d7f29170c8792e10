"""One item of a job up to its text: bytes, hash, what it is, parsed."""

from __future__ import annotations

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

MAX_BYTES = 256 * 2**20
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
    content = payload if payload is not None else _read(Path(item.path or ""))
    sha256 = digest(content)
    kind = _kind(item, content)
    if is_known(item, sha256):
        return Loaded(sha256, kind, None)
    if not content.strip():
        raise empty("The file is empty.")
    return Loaded(sha256, kind, pool.parse(item.source, kind, content))


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise too_large(f"The file is larger than {MAX_BYTES // 2**20} MiB.")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ParseError("The file is no longer there.", code="file_not_found") from error
    except OSError as error:
        raise ParseError(f"The file cannot be read: {error.strerror}.", code="file_unreadable") from error


def _kind(item: JobItem, content: bytes) -> str:
    """What content and name say; where that is vague, what the client declared."""
    found = media_type(item.source, content)
    declared = item.media_type.split(";")[0].strip().lower()
    return declared if found in _VAGUE and declared in media_types() else found
