"""Tables of plain text by unstructured, RTF by striprtf."""

from __future__ import annotations

from striprtf.striprtf import rtf_to_text

from ingest.parse.builder import Builder
from ingest.parse.limits import Context
from ingest.parse.plain import add_text
from ingest.types import ParsedDocument


def parse_rtf(content: bytes, source: str, context: Context) -> ParsedDocument:
    """Paragraphs and lists; tables by their cells. Headings are guessed as in plain text."""
    text = rtf_to_text(content.decode("cp1252", "replace"), errors="replace")
    builder = Builder()
    add_text(builder, text.replace("\n", "\n\n"))
    return builder.build()
