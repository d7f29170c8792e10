"""What a file is: by its first bytes where they tell, else by its name."""

from __future__ import annotations

import codecs
import io
import zipfile
from pathlib import PurePosixPath

UNKNOWN = "application/octet-stream"
OLE = "application/x-ole-storage"
ENCRYPTED = "application/x-encrypted-office"
"""A password-protected Office file: its real format cannot be seen."""
_OOXML = "application/vnd.openxmlformats-officedocument."
DOCX = _OOXML + "wordprocessingml.document"
PPTX = _OOXML + "presentationml.presentation"
XLSX = _OOXML + "spreadsheetml.sheet"
ODF = "application/vnd.oasis.opendocument"

_BY_SUFFIX = {
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".txt": "text/plain",
    ".text": "text/plain",
    ".log": "text/plain",
    ".htm": "text/html",
    ".html": "text/html",
    ".xhtml": "text/html",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".tab": "text/tab-separated-values",
    ".eml": "message/rfc822",
    ".msg": "application/vnd.ms-outlook",
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".xml": "application/xml",
    ".rst": "text/x-rst",
    ".org": "text/x-org",
    ".rtf": "application/rtf",
    ".pdf": "application/pdf",
    ".doc": "application/msword",
    ".dot": "application/msword",
    ".xls": "application/vnd.ms-excel",
    ".ppt": "application/vnd.ms-powerpoint",
    ".docx": DOCX,
    ".docm": DOCX,
    ".pptx": PPTX,
    ".pptm": PPTX,
    ".xlsx": XLSX,
    ".xlsm": XLSX,
    ".odt": ODF + ".text",
    ".odp": ODF + ".presentation",
    ".ods": ODF + ".spreadsheet",
    ".epub": "application/epub+zip",
}
_OLE_TYPES = ("application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint")
_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"{\\rtf", "application/rtf"),
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf", "application/x-7z-compressed"),
    (b"Rar!", "application/vnd.rar"),
)
_ZIP_PARTS = (("word/", DOCX), ("ppt/", PPTX), ("xl/", XLSX))
_HTML_STARTS = (b"<!doctype html", b"<html")


def media_type(source: str, content: bytes) -> str:
    """The media type of a file's bytes; `application/octet-stream` when neither content nor name tells.

    Content that says what it is wins over the name: a PDF called notes.txt is a PDF. Text whose name says
    nothing is text/plain.
    """
    by_name = _BY_SUFFIX.get(PurePosixPath(source.lower()).suffix, UNKNOWN)
    by_content = _by_content(content, by_name)
    return by_content or (by_name if by_name != UNKNOWN else _text_or_unknown(content))


def _by_content(content: bytes, by_name: str) -> str | None:
    for magic, kind in _MAGIC:
        if content.startswith(magic) or (magic == b"%PDF-" and magic in content[:1024]):
            return kind
    if content.startswith(b"PK\x03\x04"):
        return _zip_type(content, by_name)
    if content.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _ole_type(content, by_name)
    if by_name in (UNKNOWN, "text/plain") and content[:512].lstrip().lower().startswith(_HTML_STARTS):
        return "text/html"
    return None


def _zip_type(content: bytes, by_name: str) -> str:
    """Office files are told apart by their parts; a broken archive is what its name says."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            declared = archive.read("mimetype")[:80].decode("ascii", "replace") if "mimetype" in names else ""
    except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, NotImplementedError):
        return by_name if by_name != UNKNOWN else "application/zip"
    if declared.startswith(("application/epub+zip", ODF)):
        return declared.strip()
    kinds = (kind for prefix, kind in _ZIP_PARTS if any(name.startswith(prefix) for name in names))
    return next(kinds, "application/zip")


def _ole_type(content: bytes, by_name: str) -> str:
    """The old Office formats share one container; the names of its streams are UTF-16."""
    for stream, kind in (
        ("EncryptedPackage", ENCRYPTED),
        ("__substg1.0_", "application/vnd.ms-outlook"),
        ("WordDocument", "application/msword"),
        ("Workbook", "application/vnd.ms-excel"),
        ("PowerPoint Document", "application/vnd.ms-powerpoint"),
    ):
        if stream.encode("utf-16-le") in content:
            return kind
    return by_name if by_name in _OLE_TYPES else OLE


def _text_or_unknown(content: bytes) -> str:
    head = content[:8192]
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "text/plain"
    if b"\0" in head:
        return UNKNOWN
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return UNKNOWN
    return "text/plain"
