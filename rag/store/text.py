"""Which strings can be stored: PostgreSQL has no NUL, and lone surrogates have no UTF-8."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from rag.errors import InvalidInput
from rag.types import Metadata, Scalar

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
