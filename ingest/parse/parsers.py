"""From a file's bytes to its document: which parser reads which media type, and within which limits.

A parser is imported with its first file, as unstructured takes seconds. Files inside files come back here.
"""

from __future__ import annotations

import io
import logging
import zipfile
from collections.abc import Callable
from importlib import import_module
from typing import cast

from ingest.media_types import (
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
    UNKNOWN,
    XLS,
    XLSX,
    XZ,
    ZIP,
    media_type,
)
from ingest.parse.failures import (
    corrupt,
    empty,
    mislabelled,
    password_protected,
    too_large,
    truncated,
    unsupported,
)
from ingest.parse.limits import Context
from ingest.parse.truncation import is_truncated
from ingest.types import ParsedDocument
from rag.errors import ParseError

Parser = Callable[[bytes, str, Context], ParsedDocument]
"""Content, source and limits to a document; raises ParseError, or what its library raises on damage."""

_PARSERS = {
    "text/markdown": "markdown:parse",
    "text/html": "html:parse",
    PDF: "pdf:parse",
    DOCX: "word:parse_docx",
    PPTX: "slides:parse_pptx",
    XLSX: "sheets:parse_xlsx",
    XLS: "sheets:parse_xls",
    DOC: "programs:parse_doc",
    PPT: "programs:parse_ppt",
    ODT: "opendocument:parse",
    ODP: "opendocument:parse",
    ODS: "opendocument:parse",
    RTF: "text:parse_rtf",
    EPUB: "epub:parse",
    "text/csv": "delimited:parse",
    "text/tab-separated-values": "delimited:parse",
    "message/rfc822": "mail:parse_eml",
    "application/mbox": "mbox:parse",
    "text/calendar": "icalendar:parse",
    MSG: "mail:parse_msg",
    "text/plain": "plain:parse",
    "text/x-rst": "markup:parse_rst",
    "text/x-org": "markup:parse_org",
    "text/asciidoc": "markup:parse_asciidoc",
    "application/xml": "xml:parse",
    "application/json": "data:parse_json",
    "application/x-ndjson": "data:parse_json",
    "application/yaml": "data:parse_yaml",
    ZIP: "archive:parse_zip",
    TAR: "archive:parse_tar",
    GZIP: "archive:parse_packed",
    BZIP2: "archive:parse_packed",
    XZ: "archive:parse_packed",
    **dict.fromkeys(IMAGES, "ocr:parse"),
}

_VAGUE = (UNKNOWN, "text/plain")
_LONGEST_REASON = 300
_ZIPPED = (DOCX, PPTX, XLSX, ODT, ODP, ODS, EPUB)
log = logging.getLogger(__name__)


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


def parse_file(content: bytes, source: str, kind: str, context: Context) -> ParsedDocument:
    """The document of a file of this media type; raises ParseError, and MemoryError."""
    parser = parser_for(kind)
    try:
        if kind in _ZIPPED:
            _measure(content, context.inside())
        return _checked(parser(content, source, context), context.limits.characters)
    except (ParseError, MemoryError):
        raise
    except Exception as error:
        # Parsers of damaged files raise what they like (KeyError, AttributeError, struct.error, …).
        if is_truncated(content, kind):
            raise truncated(kind) from error
        log.exception("%s cannot be read", source)
        raise corrupt(kind, f"{type(error).__name__}: {error}"[:_LONGEST_REASON]) from error


def parse_inner_file(content: bytes, source: str, context: Context, declared: str = "") -> ParsedDocument:
    """The document of a file found inside another, which may declare what it is; `context` is that of the
    inner file.
    """
    if not content.strip():
        raise empty("The file is empty.")
    return parse_file(content, source, kind_of(source, content, declared), context)


def kind_of(source: str, content: bytes, declared: str) -> str:
    """What content and name say; where that is vague, the media type declared, if it can be read."""
    found = media_type(source, content)
    declared = declared.split(";")[0].strip().lower()
    return declared if found in _VAGUE and declared in _PARSERS else found


def _measure(content: bytes, inside: Context) -> None:
    """Office files are archives too: how far one unpacks is known before it is unpacked."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    inside.unpacking(len(content), unpacked)


def _checked(document: ParsedDocument, characters: int) -> ParsedDocument:
    if not document.text.strip():
        raise empty()
    if len(document.text) > characters:
        raise too_large(f"The text has {len(document.text):,} characters, more than {characters:,}.")
    return document
