"""Plain text and XML by unstructured; data and source code as they stand."""

from __future__ import annotations

from ingest.parse.build import Builder
from ingest.parse.context import Context
from ingest.parse.decode import decode
from ingest.parse.elements import document, pieces
from ingest.parse.offline import prepare
from ingest.types import ParsedDocument


def parse_text(content: bytes, source: str, context: Context) -> ParsedDocument:
    """Paragraphs by empty lines, lists by bullets, headings where a short line stands over a paragraph."""
    prepare()
    from unstructured.partition.text import partition_text

    return document(pieces(partition_text(text=decode(content), languages=[""])))


def parse_xml(content: bytes, source: str, context: Context) -> ParsedDocument:
    """The text of every element, without tags."""
    prepare()
    from unstructured.partition.xml import partition_xml

    return document(pieces(partition_xml(text=decode(content), languages=[""])))


def parse_verbatim(content: bytes, source: str, context: Context) -> ParsedDocument:
    """JSON, YAML and the like: one block, every line as it is."""
    builder = Builder()
    builder.add("code", decode(content))
    return builder.build()
