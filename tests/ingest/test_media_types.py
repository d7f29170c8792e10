from __future__ import annotations

import pytest

from ingest.media_types import DOCX, ENCRYPTED, MISLABELLED, UNKNOWN, XLSX, media_type
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
        ("table.xls", b"<html><table><tr><td>1", "text/html"),
        ("report.doc", b"{\\rtf1 x}", "application/rtf"),
        ("report.pdf", b"plain words", "text/plain"),
        ("report.pdf", b"\0\1\2\3", MISLABELLED),
        ("note.txt", b"From: a@x.org\nTo: b@x.org\nSubject: Hi\n\nWords.", "message/rfc822"),
        ("notes.md", b"From: a@x.org\nTo: b@x.org\nSubject: Hi\n\nWords.", "text/markdown"),
        ("record", b'{"ship": "Tern"}', "application/json"),
        ("records", b'{"ship": "Tern"}\n{"ship": "Puffin"}\n', "application/x-ndjson"),
        ("notes", b"{not: json}", "text/plain"),
        ("ships", b"ship,cars\nTern,32\nPuffin,18\n", "text/csv"),
        ("ships", b"Tern, the first.\nIt sails.\nPuffin, the next.\n", "text/plain"),
        ("feed", b'<?xml version="1.0"?><feed/>', "application/xml"),
        (
            "old",
            "L'été était très chaud au café, et la crème brûlée coûte cher.".encode("cp1252"),
            "text/plain",
        ),
        ("picture", b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        ("film.pdf", b"\0\0\0\x18ftypmp42" + bytes(99), "video/mp4"),
        ("log.txt", b"Calm all day.\0 " * 9 + b"words " * 99, "text/plain"),
        ("log.txt", bytes(range(256)) * 9, MISLABELLED),
        ("japanese.txt", "船は七時に出ます。".encode("shift-jis") * 9, "text/plain"),
        ("x", b"BZh91AY", "application/x-bzip2"),
        ("x", b"BZ is no archive", "text/plain"),
        ("bm.txt", b"BM is a pair of letters", "text/plain"),
    ],
)
def test_content_tells_before_the_name(source: str, content: bytes, expected: str) -> None:
    assert media_type(source, content) == expected


def test_office_files_are_told_apart_whatever_they_are_called() -> None:
    assert media_type("x.zip", (HANDBOOK / "incidents.docx").read_bytes()) == DOCX
    assert media_type("x.doc", (HANDBOOK / "timetable.xlsx").read_bytes()) == XLSX
