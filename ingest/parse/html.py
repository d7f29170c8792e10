"""HTML by unstructured."""

from __future__ import annotations

import html
import re

from ingest.parse.context import Context
from ingest.parse.decode import decode
from ingest.parse.elements import document, pieces
from ingest.parse.offline import prepare
from ingest.types import ParsedDocument

_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_-]{2,30})""", re.IGNORECASE)
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")


def parse(content: bytes, source: str, context: Context) -> ParsedDocument:
    """Headings, paragraphs, lists, tables and preformatted text of a page; its title from `<title>`."""
    text = _DECLARATION.sub("", _decode(content))
    prepare()
    from unstructured.partition.html import partition_html

    title = _TITLE.search(text)
    found = pieces(partition_html(text=text, languages=[""]))
    return document(found, html.unescape(title[1]) if title else "")


def _decode(content: bytes) -> str:
    """By the charset that the page declares, when it holds; else as any text."""
    declared = _CHARSET.search(content[:4096])
    if declared and not content.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        try:
            return content.decode(declared[1].decode("ascii"))
        except (LookupError, UnicodeDecodeError):
            return decode(content)
    return decode(content)
