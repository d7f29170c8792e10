"""Word and PowerPoint 97-2003 by way of LibreOffice, where that is installed."""

from __future__ import annotations

from ingest.media import DOC, PPT
from ingest.parse.context import Context
from ingest.parse.failures import needs_libreoffice
from ingest.parse.office import parse_docx, parse_pptx
from ingest.parse.programs import has_libreoffice, libreoffice
from ingest.types import ParsedDocument


def parse_doc(content: bytes, source: str, context: Context) -> ParsedDocument:
    """As Word's newer format. Raises ParseError `needs_libreoffice`."""
    if not has_libreoffice():
        raise needs_libreoffice(DOC)
    return parse_docx(libreoffice(content, "doc", "docx", context), source, context)


def parse_ppt(content: bytes, source: str, context: Context) -> ParsedDocument:
    """As PowerPoint's newer format. Raises ParseError `needs_libreoffice`."""
    if not has_libreoffice():
        raise needs_libreoffice(PPT)
    return parse_pptx(libreoffice(content, "ppt", "pptx", context), source, context)
