"""What a file is: by its content where that tells, else by its name."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import PurePosixPath

import filetype

from ingest.text_types import is_binary, is_text, text_type

UNKNOWN = "application/octet-stream"
OLE = "application/x-ole-storage"
ENCRYPTED = "application/x-encrypted-office"
"""A password-protected Office file: its real format cannot be seen."""
MISLABELLED = "application/x-mislabelled"
"""A file whose name promises a format that its bytes are not, nor anything else that is known."""
_OOXML = "application/vnd.openxmlformats-officedocument."
DOCX = _OOXML + "wordprocessingml.document"
PPTX = _OOXML + "presentationml.presentation"
XLSX = _OOXML + "spreadsheetml.sheet"
ODF = "application/vnd.oasis.opendocument"
ODT, ODP, ODS = ODF + ".text", ODF + ".presentation", ODF + ".spreadsheet"
EPUB = "application/epub+zip"
DOC, XLS, PPT = "application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"
RTF, MSG = "application/rtf", "application/vnd.ms-outlook"
PDF = "application/pdf"
ZIP, TAR, GZIP = "application/zip", "application/x-tar", "application/gzip"
BZIP2, XZ = "application/x-bzip2", "application/x-xz"
IMAGES = ("image/png", "image/jpeg", "image/gif", "image/tiff", "image/webp", "image/bmp")

_TEXT_SUFFIXES = {
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
    ".mbox": "application/mbox",
    ".ics": "text/calendar",
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".xml": "application/xml",
    ".rst": "text/x-rst",
    ".org": "text/x-org",
    ".adoc": "text/asciidoc",
    ".asciidoc": "text/asciidoc",
}
_SIGNED_SUFFIXES = {
    ".rtf": RTF,
    ".pdf": PDF,
    ".doc": DOC,
    ".dot": DOC,
    ".xls": XLS,
    ".ppt": PPT,
    ".msg": MSG,
    ".docx": DOCX,
    ".docm": DOCX,
    ".pptx": PPTX,
    ".pptm": PPTX,
    ".xlsx": XLSX,
    ".xlsm": XLSX,
    ".odt": ODT,
    ".odp": ODP,
    ".ods": ODS,
    ".epub": EPUB,
    ".zip": ZIP,
    ".tar": TAR,
    ".gz": GZIP,
    ".tgz": GZIP,
    ".bz2": BZIP2,
    ".xz": XZ,
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".webp": "image/webp",
    ".bmp": "image/bmp",
}
"""Formats whose files begin with a signature; a file without it is not one of them."""
_MAGIC = (
    (b"%PDF-", PDF),
    (b"{\\rtf", RTF),
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"\x1f\x8b", GZIP),
    (b"BZh", BZIP2),
    (b"\xfd7zXZ\0", XZ),
    (b"7z\xbc\xaf", "application/x-7z-compressed"),
    (b"Rar!", "application/vnd.rar"),
)
_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_ZIP_PARTS = (("word/", DOCX), ("ppt/", PPTX), ("xl/", XLSX))
_ZIP_TYPES = (ZIP, DOCX, PPTX, XLSX, ODT, ODP, ODS, EPUB)
_OLE_TYPES = (DOC, XLS, PPT, MSG)
_PDF_WITHIN = 1024  # bytes in which a PDF may begin, as readers allow


def media_type(source: str, content: bytes) -> str:
    """The media type of a file's bytes; `application/octet-stream` when neither content nor name tells.

    Content that says what it is wins over the name: a PDF called notes.txt is a PDF, and a page of HTML
    called table.xls is HTML. Text whose content and name say nothing is text/plain.
    """
    suffix = PurePosixPath(source.lower()).suffix
    found = _by_signature(content, _SIGNED_SUFFIXES.get(suffix, UNKNOWN))
    if found:
        return found
    if is_text(content):
        return text_type(content, _TEXT_SUFFIXES.get(suffix, ""))
    other = filetype.guess_mime(content[:8192])
    if other:
        return str(other)
    if suffix in _SIGNED_SUFFIXES or (suffix in _TEXT_SUFFIXES and is_binary(content)):
        return MISLABELLED
    return _TEXT_SUFFIXES.get(suffix, UNKNOWN)


def _by_signature(content: bytes, by_name: str) -> str | None:
    for magic, kind in _MAGIC:
        if content.startswith(magic):
            return kind
    if content.startswith(_ZIP_STARTS):
        return _zip_type(content, by_name)
    if content.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _ole_type(content, by_name)
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    if content.startswith(b"BM") and content[14:18] in (
        b"\x28\0\0\0",
        b"\x0c\0\0\0",
        b"\x6c\0\0\0",
        b"\x7c\0\0\0",
    ):
        return "image/bmp"
    if content[257:262] == b"ustar" or (by_name == TAR and tarfile.is_tarfile(io.BytesIO(content))):
        return TAR
    return PDF if b"%PDF-" in content[:_PDF_WITHIN] and not is_text(content) else None


def _zip_type(content: bytes, by_name: str) -> str:
    """Office files are told apart by their parts; a broken archive is what its name says."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            declared = _declared(archive) if "mimetype" in names else ""
    except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, NotImplementedError, ValueError):
        return by_name if by_name in _ZIP_TYPES else ZIP
    if declared.startswith((EPUB, ODF)):
        return declared
    if "[Content_Types].xml" not in names:
        return ZIP
    kinds = (kind for prefix, kind in _ZIP_PARTS if any(name.startswith(prefix) for name in names))
    return next(kinds, ZIP)


def _declared(archive: zipfile.ZipFile) -> str:
    with archive.open("mimetype") as member:
        return member.read(80).decode("ascii", "replace").strip()


def _ole_type(content: bytes, by_name: str) -> str:
    """The old Office formats share one container; the names of its streams are UTF-16."""
    for stream, kind in (
        ("EncryptedPackage", ENCRYPTED),
        ("__substg1.0_", MSG),
        ("WordDocument", DOC),
        ("Workbook", XLS),
        ("PowerPoint Document", PPT),
    ):
        if stream.encode("utf-16-le") in content:
            return kind
    return by_name if by_name in _OLE_TYPES else OLE
