"""A file's bytes to its document, whatever kind of file it is; files inside files come back here."""

from __future__ import annotations

import io
import logging
import zipfile

from ingest.media import DOCX, EPUB, ODP, ODS, ODT, PPTX, XLSX, media_type
from ingest.parse.context import Context
from ingest.parse.cut import is_cut_off
from ingest.parse.failures import corrupt, empty, too_large, truncated
from ingest.parse.registry import parser_for
from ingest.types import ParsedDocument
from rag.errors import ParseError

_LONGEST_REASON = 300
_ZIPPED = (DOCX, PPTX, XLSX, ODT, ODP, ODS, EPUB)

log = logging.getLogger(__name__)


def read(content: bytes, source: str, kind: str, context: Context) -> ParsedDocument:
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
        if is_cut_off(content, kind):
            raise truncated(kind) from error
        log.exception("%s cannot be read", source)
        raise corrupt(kind, f"{type(error).__name__}: {error}"[:_LONGEST_REASON]) from error


def read_inside(content: bytes, source: str, context: Context) -> ParsedDocument:
    """The document of a file found inside another; `context` is that of the inner file."""
    if not content.strip():
        raise empty("The file is empty.")
    return read(content, source, media_type(source, content), context)


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
