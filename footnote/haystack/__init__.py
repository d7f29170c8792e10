"""Footnote for Haystack: components for anyone's pipeline, a document store, and a stage for ours.

    pipeline.add_component("retriever", FootnoteRetriever("manuals", settings={"data": "footnote-data"}))

Every component takes `settings` (fields of footnote.toml, as a dict) and opens what they describe when it is
first run; components with the same settings share it. All of them can be written to YAML and read from there
with `Pipeline.loads(text, allowed_modules=TRUSTED)`.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from footnote.haystack.components import (
        FootnoteChecker,
        FootnoteCitationWriter,
        FootnoteRanker,
        FootnoteReader,
        FootnoteRetriever,
    )
    from footnote.haystack.document_store import FootnoteDocumentStore
    from footnote.haystack.stage import load_stage

__all__ = [
    "TRUSTED",
    "FootnoteChecker",
    "FootnoteCitationWriter",
    "FootnoteDocumentStore",
    "FootnoteRanker",
    "FootnoteReader",
    "FootnoteRetriever",
    "load_stage",
]

TRUSTED = ["footnote.haystack"]
"""What Haystack has to be allowed to import when it loads these components from YAML."""

_HOMES = {
    "FootnoteChecker": "components",
    "FootnoteCitationWriter": "components",
    "FootnoteDocumentStore": "document_store",
    "FootnoteRanker": "components",
    "FootnoteReader": "components",
    "FootnoteRetriever": "components",
    "load_stage": "stage",
}


def turn_telemetry_off() -> None:
    """Footnote sends nothing anywhere, so neither does Haystack beside it.

    Haystack reads this variable once, while it is imported; so it is set here, in the package whose modules
    import it, before any of them can.
    """
    os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"


turn_telemetry_off()


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
