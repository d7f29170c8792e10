"""RTF by striprtf: the text, without styles."""

from __future__ import annotations

from striprtf.striprtf import rtf_to_text

from ingest.parse.context import Context
from ingest.parse.text import parse_text
from ingest.types import ParsedDocument


def parse(content: bytes, source: str, context: Context) -> ParsedDocument:
    """Paragraphs and lists; tables by their cells. Headings are guessed as in plain text."""
    text = rtf_to_text(content.decode("cp1252", "replace"), errors="replace")
    return parse_text(text.replace("\n", "\n\n").encode(), source, context)
