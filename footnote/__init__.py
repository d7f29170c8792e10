"""Footnote for people who import it: `Footnote` in this process, `Client` and `AsyncClient` for a service.

`footnote.haystack` and `footnote.ragas` are its adapters. Importing this package loads nothing; each name is
loaded at its first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from footnote.client import AsyncClient, Client
    from footnote.errors import FootnoteError
    from footnote.local import Footnote

__all__ = ["AsyncClient", "Client", "Footnote", "FootnoteError"]

_HOMES = {
    "AsyncClient": "footnote.client",
    "Client": "footnote.client",
    "Footnote": "footnote.local",
    "FootnoteError": "footnote.errors",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(_HOMES[name]), name)
    except ModuleNotFoundError as error:
        raise ImportError(f"{name} needs the distribution footnote-rag: {error}.") from error


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
