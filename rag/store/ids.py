"""Stable identifiers: the same source of the same collection has the same id on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

_DIGITS = 24  # 96 bits: no collision in sight, and short enough for a URL


def document_id(collection: str, source: str) -> str:
    """The id (24 hex digits) of a source in a collection."""
    return _digest("document", collection, source)


def chunk_id(document: str, ordinal: int, text: str) -> str:
    """The id (24 hex digits) of a document's chunk; it changes when the passage's text does."""
    return _digest("chunk", document, str(ordinal), text)


def fingerprint(headings: Sequence[str], text: str) -> int:
    """64 bits, signed, of a passage under its headings: the same wherever only white space differs."""
    return mark("text", "\n".join(" ".join(part.split()) for part in (*headings, text)))


def mark(kind: str, value: str) -> int:
    """64 bits, signed, of a value of some kind: what SQL can index as a whole number."""
    data = f"{kind}\0{value}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big", signed=True)


def _digest(*parts: str) -> str:
    # NUL cannot stand inside a part: text is cleaned of it and sources with it are refused.
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
