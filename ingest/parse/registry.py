"""Which parser reads which media type; imported with its first file, as unstructured takes seconds."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from ingest.media import (
    BZIP2,
    DOC,
    DOCX,
    ENCRYPTED,
    EPUB,
    GZIP,
    IMAGES,
    MISLABELLED,
    MSG,
    ODP,
    ODS,
    ODT,
    PDF,
    PPT,
    PPTX,
    RTF,
    TAR,
    XLS,
    XLSX,
    XZ,
    ZIP,
)
from ingest.parse.context import Context
from ingest.parse.failures import mislabelled, password_protected, unsupported
from ingest.types import ParsedDocument

Parser = Callable[[bytes, str, Context], ParsedDocument]
"""Content, source and limits to a document; raises ParseError, or what its library raises on damage."""

_PARSERS = {
    "text/markdown": "markdown:parse",
    "text/html": "html:parse",
    PDF: "pdf:parse",
    DOCX: "office:parse_docx",
    PPTX: "office:parse_pptx",
    XLSX: "office:parse_xlsx",
    XLS: "office:parse_xlsx",
    DOC: "programs:parse_doc",
    PPT: "programs:parse_ppt",
    ODT: "opendocument:parse",
    ODP: "opendocument:parse",
    ODS: "opendocument:parse",
    RTF: "text:parse_rtf",
    EPUB: "epub:parse",
    "text/csv": "text:parse_csv",
    "text/tab-separated-values": "text:parse_tsv",
    "message/rfc822": "mail:parse_eml",
    MSG: "mail:parse_msg",
    "text/plain": "text:parse_text",
    "text/x-rst": "markup:parse_rst",
    "text/x-org": "markup:parse_org",
    "text/asciidoc": "markup:parse_asciidoc",
    "application/xml": "text:parse_xml",
    "application/json": "text:parse_verbatim",
    "application/x-ndjson": "text:parse_verbatim",
    "application/yaml": "text:parse_verbatim",
    ZIP: "archive:parse_zip",
    TAR: "archive:parse_tar",
    GZIP: "archive:parse_packed",
    BZIP2: "archive:parse_packed",
    XZ: "archive:parse_packed",
    **dict.fromkeys(IMAGES, "ocr:parse"),
}


def media_types() -> list[str]:
    """Every media type that can be read."""
    return sorted(_PARSERS)


def parser_for(media_type: str) -> Parser:
    """The parser of a media type.

    Raises ParseError `unsupported_format`, `mislabelled_file`, `password_protected`.
    """
    if media_type == ENCRYPTED:
        raise password_protected()
    if media_type == MISLABELLED:
        raise mislabelled()
    if media_type not in _PARSERS:
        raise unsupported(media_type)
    module, function = _PARSERS[media_type].split(":")
    return cast(Parser, getattr(import_module(f"ingest.parse.{module}"), function))
