"""One item of a job up to its text: bytes, hash, what it is, parsed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ingest.discover import digest
from ingest.media import UNKNOWN, media_type
from ingest.parse.failures import empty
from ingest.parse.pool import ParserPool
from ingest.parse.registry import media_types
from ingest.read import read
from ingest.types import ParsedDocument
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

    Raises ParseError: those of read.py and of parse/failures.py.
    """
    content = payload if payload is not None else read(item.path or "", pool.limits.file_bytes)
    sha256 = digest(content)
    kind = _kind(item, content)
    if is_known(item, sha256):
        return Loaded(sha256, kind, None)
    if not content.strip():
        raise empty("The file is empty.")
    return Loaded(sha256, kind, pool.parse(item.source, kind, content))


def _kind(item: JobItem, content: bytes) -> str:
    """What content and name say; where that is vague, what the client declared."""
    found = media_type(item.source, content)
    declared = item.media_type.split(";")[0].strip().lower()
    return declared if found in _VAGUE and declared in media_types() else found
