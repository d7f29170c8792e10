"""Values of the store: stable ids and fingerprints, and which strings, sources and metadata can be stored.

The same source of the same collection has the same id on every machine. PostgreSQL has no NUL, and lone
surrogates have no UTF-8, so neither is stored.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence

from rag.errors import InvalidInput
from rag.types import Metadata, Scalar

_DIGITS = 24  # 96 bits: no collision in sight, and short enough for a URL


def document_id(collection: str, source: str) -> str:
    """The id (24 hex digits) of a source in a collection."""
    return _digest("document", collection, source)


def chunk_id(document: str, ordinal: int, text: str) -> str:
    """The id (24 hex digits) of a document's chunk; it changes when the passage's text does."""
    return _digest("chunk", document, str(ordinal), text)


def fingerprint(headings: Sequence[str], text: str) -> int:
    """64 bits, signed, of a passage under its headings: the same wherever only white space differs."""
    return signature("text", "\n".join(" ".join(part.split()) for part in (*headings, text)))


def signature(kind: str, value: str) -> int:
    """64 bits, signed, of a value of some kind: what SQL can index as a whole number."""
    data = f"{kind}\0{value}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big", signed=True)


def _digest(*parts: str) -> str:
    # NUL cannot stand inside a part: text is cleaned of it and sources with it are refused.
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]


_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
MAX_SOURCE_BYTES = 2048  # PostgreSQL indexes entries up to about 2,700 bytes


def clean(text: str) -> str:
    """The text with every NUL and lone surrogate as U+FFFD, one for one: offsets stay what they are."""
    return _UNSTORABLE.sub("\ufffd", text)


def clean_source(source: str) -> str:
    r"""A source's name that can be stored: what cannot is written out, as in `caf\udce9.txt`.

    File names that are not UTF-8 arrive with surrogates; two different ones stay two.
    """
    return _UNSTORABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", source)


def check_source(source: str) -> str:
    """The source as given; raises InvalidInput `invalid_source` when it is empty, too long or unstorable."""
    if not source or _UNSTORABLE.search(source):
        raise _bad_source(source, "it is empty or holds NUL or a lone surrogate")
    if len(source.encode()) > MAX_SOURCE_BYTES:
        raise _bad_source(source, f"it is longer than {MAX_SOURCE_BYTES} bytes")
    return source


def clean_metadata(metadata: Metadata) -> dict[str, Scalar | list[str]]:
    """A copy with clean strings; raises InvalidInput `invalid_metadata` for what JSON cannot hold."""
    if not isinstance(metadata, Mapping) or not all(isinstance(key, str) for key in metadata):
        raise InvalidInput("Metadata must be an object whose keys are strings.", code="invalid_metadata")
    return {clean(key): _clean_value(key, value) for key, value in metadata.items()}


def _clean_value(key: str, value: object) -> Scalar | list[str]:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, list | tuple) and all(isinstance(part, str) for part in value):
        return [clean(part) for part in value]
    raise InvalidInput(
        f"Metadata {clean(key)!r} must be a string, a finite number, true, false or a list of strings.",
        code="invalid_metadata",
    )


def _bad_source(source: str, reason: str) -> InvalidInput:
    return InvalidInput(f"The source {source[:80]!r} cannot be stored: {reason}.", code="invalid_source")
