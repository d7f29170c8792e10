"""Which parser reads which media type; imported with its first file, as unstructured takes seconds."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from ingest.media import DOCX, ENCRYPTED, PPTX, XLSX
from ingest.parse.failures import password_protected, unsupported
from ingest.types import ParsedDocument

Parser = Callable[[bytes, str], ParsedDocument]
"""Content and source to a document; raises ParseError, or what its library raises on a damaged file."""

_PARSERS = {
    "text/markdown": "markdown:parse",
    "text/html": "html:parse",
    "application/pdf": "pdf:parse",
    DOCX: "office:parse_docx",
    PPTX: "office:parse_pptx",
    XLSX: "office:parse_xlsx",
    "application/vnd.ms-excel": "office:parse_xlsx",
    "text/csv": "tabular:parse_csv",
    "text/tab-separated-values": "tabular:parse_tsv",
    "message/rfc822": "mail:parse_eml",
    "application/vnd.ms-outlook": "mail:parse_msg",
    "text/plain": "text:parse_text",
    "text/x-rst": "text:parse_text",
    "text/x-org": "text:parse_text",
    "application/xml": "text:parse_xml",
    "application/json": "text:parse_verbatim",
    "application/x-ndjson": "text:parse_verbatim",
    "application/yaml": "text:parse_verbatim",
}


def media_types() -> list[str]:
    """Every media type that can be read."""
    return sorted(_PARSERS)


def parser_for(media_type: str) -> Parser:
    """The parser of a media type.

    Raises ParseError `unsupported_format`, `needs_libreoffice`, `needs_pandoc`, `password_protected`.
    """
    if media_type == ENCRYPTED:
        raise password_protected()
    if media_type not in _PARSERS:
        raise unsupported(media_type)
    module, function = _PARSERS[media_type].split(":")
    return cast(Parser, getattr(import_module(f"ingest.parse.{module}"), function))
