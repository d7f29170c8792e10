"""Haystack's documents in our store and back, so that each comes back equal.

One Haystack document is one of our documents: its id is the source, its content the text, its flat metadata
ours. What does not fit (nested metadata, dates, None, an embedding, a blob, no content at all) is kept as
JSON under one metadata key beside them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from math import isfinite
from typing import Any

from haystack.dataclasses import Document

from rag.store.values import clean
from rag.types import Metadata, Scalar

REST = "haystack_document"
"""The metadata key of what does not fit."""
_LARGEST = 2**63
_DATETIME, _DATE = "$datetime", "$date"


def metadata_of(document: Document) -> dict[str, Scalar | list[str]]:
    """Our metadata for a document: flat values as they are, everything else under REST."""
    flat = {key: value for key, value in document.meta.items() if _fits(key, value)}
    whole = document.to_dict(flatten=False)
    rest = {name: value for name, value in whole.items() if name not in _OWN and value is not None}
    nested = {key: value for key, value in document.meta.items() if key not in flat}
    if nested:
        rest["meta"] = nested
    if document.content is None or clean(document.content) != document.content:
        rest["content"] = document.content
    return {**flat, REST: json.dumps(rest, default=_encoded)} if rest else flat


def document_of(source: str, text: str, metadata: Metadata) -> Document:
    """The document as it was written."""
    rest = _rest(metadata)
    whole = {"id": source, "content": text, **rest, "meta": meta_of(metadata)}
    return Document.from_dict(whole)


def meta_of(metadata: Metadata) -> dict[str, Any]:
    """Haystack's `meta` from our metadata; of any document, ours or one that Haystack wrote."""
    flat = {
        key: value if isinstance(value, str | int | float) else list(value)
        for key, value in metadata.items()
        if key != REST
    }
    return {**flat, **_rest(metadata).get("meta", {})}


_OWN = ("id", "content", "meta")


def _rest(metadata: Metadata) -> dict[str, Any]:
    kept = metadata.get(REST)
    return dict(json.loads(kept, object_hook=_decoded)) if isinstance(kept, str) else {}


def _fits(key: object, value: object) -> bool:
    """Whether our metadata takes the entry and gives it back equal."""
    if not isinstance(key, str) or key == REST or clean(key) != key:
        return False
    if isinstance(value, str):
        return clean(value) == value
    if isinstance(value, float):
        return isfinite(value)
    if isinstance(value, int):
        return -_LARGEST <= value < _LARGEST
    return isinstance(value, list) and all(isinstance(one, str) and clean(one) == one for one in value)


def _encoded(value: object) -> object:
    if isinstance(value, datetime):
        return {_DATETIME: value.isoformat()}
    if isinstance(value, date):
        return {_DATE: value.isoformat()}
    if hasattr(value, "tolist"):  # numpy's numbers and arrays
        return value.tolist()
    raise TypeError(f"Footnote cannot store a {type(value).__name__} in a document's meta.")


def _decoded(value: Mapping[str, Any]) -> object:
    if set(value) == {_DATETIME}:
        return datetime.fromisoformat(value[_DATETIME])
    if set(value) == {_DATE}:
        return date.fromisoformat(value[_DATE])
    return value
