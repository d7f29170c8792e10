"""Plain text and XML by unstructured; data and source code as they stand."""

from __future__ import annotations

from striprtf.striprtf import rtf_to_text

from ingest.parse.builder import Builder
from ingest.parse.decode import decode
from ingest.parse.limits import Context
from ingest.parse.unstructured_elements import document, elements_of, prepare
from ingest.types import ParsedDocument


def parse_text(content: bytes, source: str, context: Context) -> ParsedDocument:
    """Paragraphs by empty lines, lists by bullets, headings where a short line stands over a paragraph."""
    prepare()
    from unstructured.partition.text import partition_text

    return document(elements_of(partition_text(text=decode(content), languages=[""])))


def parse_xml(content: bytes, source: str, context: Context) -> ParsedDocument:
    """The text of every element, without tags."""
    prepare()
    from unstructured.partition.xml import partition_xml

    return document(elements_of(partition_xml(text=decode(content), languages=[""])))


def parse_verbatim(content: bytes, source: str, context: Context) -> ParsedDocument:
    """JSON, YAML and the like: one block, every line as it is."""
    builder = Builder()
    builder.add("code", decode(content))
    return builder.build()


def parse_rtf(content: bytes, source: str, context: Context) -> ParsedDocument:
    """Paragraphs and lists; tables by their cells. Headings are guessed as in plain text."""
    text = rtf_to_text(content.decode("cp1252", "replace"), errors="replace")
    return parse_text(text.replace("\n", "\n\n").encode(), source, context)
