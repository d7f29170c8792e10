"""Parts of a document that could not be read, named in its metadata while the rest is kept."""

from __future__ import annotations

from collections.abc import Sequence

from rag.types import Metadata

_MOST = 100


def named(unread: Sequence[str]) -> Metadata:
    """The metadata `unread`: `part: code` each; nothing when everything was read."""
    if len(unread) > _MOST:
        unread = [*unread[:_MOST], f"and {len(unread) - _MOST} more"]
    return {"unread": list(unread)} if unread else {}
