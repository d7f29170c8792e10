from __future__ import annotations

import pytest

from ingest.media import DOCX, ENCRYPTED, UNKNOWN, XLSX, media_type
from tests.ingest.making import HANDBOOK

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def utf16(text: str) -> bytes:
    return text.encode("utf-16-le")


@pytest.mark.parametrize(
    ("source", "content", "expected"),
    [
        ("notes.txt", b"%PDF-1.7 ...", "application/pdf"),
        ("notes.md", b"\x89PNG\r\n", "image/png"),
        ("notes.txt", b"  <!DOCTYPE html><p>x", "text/html"),
        ("page.md", b"<html> in Markdown", "text/markdown"),
        ("README", b"plain words", "text/plain"),
        ("README", "plain words".encode("utf-16"), "text/plain"),
        ("blob", b"\0\1\2\3", UNKNOWN),
        ("blob", b"\xff\xfa\xfb words", UNKNOWN),
        ("UPPER.MD", b"x", "text/markdown"),
        ("old.doc", OLE + utf16("WordDocument"), "application/msword"),
        ("old", OLE + utf16("Workbook"), "application/vnd.ms-excel"),
        ("new.xlsx", OLE + utf16("EncryptedPackage"), ENCRYPTED),
        ("mail.msg", OLE + utf16("__substg1.0_0037001F"), "application/vnd.ms-outlook"),
        ("broken.docx", b"PK\x03\x04 cut off", DOCX),
        ("archive.bin", b"PK\x03\x04 cut off", "application/zip"),
        ("letter.rtf", b"{\\rtf1 x}", "application/rtf"),
    ],
)
def test_content_tells_before_the_name(source: str, content: bytes, expected: str) -> None:
    assert media_type(source, content) == expected


def test_office_files_are_told_apart_whatever_they_are_called() -> None:
    assert media_type("x.zip", (HANDBOOK / "incidents.docx").read_bytes()) == DOCX
    assert media_type("x.doc", (HANDBOOK / "timetable.xlsx").read_bytes()) == XLSX
