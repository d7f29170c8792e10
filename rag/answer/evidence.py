"""What the checker reads of a hit: its headings, the header that its table lacks, and its text."""

from __future__ import annotations

from rag.answer.tables import in_chunk, passage
from rag.types import Hit, Span


def evidence_text(hit: Hit) -> str:
    """The passage below its headings, as far as its own text does not repeat them."""
    return _above(hit) + passage(hit)


def in_evidence(hit: Hit, start: int, end: int) -> Span | None:
    """A span of `evidence_text(hit)` as one of the chunk's text; None where it lies above it."""
    shift = len(_above(hit))
    return in_chunk(hit, max(0, start - shift), end - shift) if end > shift else None


def _above(hit: Hit) -> str:
    chunk = hit.chunk
    names = [name for name in chunk.headings if name and name not in chunk.text]
    return f"# {' › '.join(names)}\n" if names else ""
