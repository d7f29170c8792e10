"""Small passages for the answer tests."""

from __future__ import annotations

from rag.types import Chunk, Document, Hit, Page

PUMP = "The P-200 pump is rated for a pressure of 16 bar. It weighs 40 kg and ships with a two-year warranty."
LUNCH = "The canteen opens at noon. Lunch costs 8 euros. Guests pay 11 euros."


def hit(
    text: str, *, start: int = 0, source: str = "a.md", pages: tuple[Page, ...] = (), page: int | None = None
) -> Hit:
    """A hit on a chunk with this text that begins at `start` of its document."""
    document = Document(f"doc-{source}", "c", source, source, "text/markdown", "0" * 64, pages)
    chunk = Chunk(f"{source}-{start}", document.id, 0, start, start + len(text), page, (), text)
    return Hit(chunk, document, 1.0)
