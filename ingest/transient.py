"""Which failures may be gone the next time: only these are tried again."""

from __future__ import annotations

from rag.errors import RagError

TRANSIENT = frozenset({"store_locked", "store_unavailable", "file_changing", "remote_unavailable"})
"""Error codes of what may pass by itself."""


def may_pass(error: BaseException) -> bool:
    """Whether an error may be gone the next time."""
    return isinstance(error, RagError) and error.code in TRANSIENT
