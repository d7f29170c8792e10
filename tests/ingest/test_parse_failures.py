"""One broken file for each code, and a parser pool that reads the next file after each of them."""

from __future__ import annotations

import gzip
import io
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import docx
import pytest

from ingest.extract import extract
from ingest.media_types import media_type
from ingest.parse.limits import Context, Limits
from ingest.parse.parsers import parse_file
from ingest.parse.pool import ParserPool
from rag.errors import ParseError
from rag.settings import Settings
from rag.store import JobItem
from samples.make_samples import pdf
from tests.ingest.making import HANDBOOK, Parse, odt, picture, saved, zipped

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
DOCX = (HANDBOOK / "incidents.docx").read_bytes()


def locked_pdf() -> bytes:
    """A PDF whose encryption no password opens."""
    locked = b"<< /Filter /Standard /V 1 /R 2 /P -4 /O (%s) /U (%s) >>" % (b"o" * 32, b"u" * 32)
    plain = pdf(["Secret"])
    return plain.replace(
        b"trailer << ", b"trailer << /ID [(0123456789abcdef) (0123456789abcdef)] /Encrypt %s " % locked
    )


def empty_docx() -> bytes:
    out = io.BytesIO()
    docx.Document().save(out)
    return out.getvalue()


def hollow_xlsx() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "")
        archive.writestr("xl/workbook.xml", "<not a workbook")
    return out.getvalue()


@pytest.mark.parametrize(
    ("source", "content", "code"),
    [
        ("film.mp4", b"\0\0\0\x18ftypmp42" + bytes(99), "unsupported_format"),
        ("packed.7z", b"7z\xbc\xaf\x27\x1c" + bytes(99), "unsupported_format"),
        ("blob.pdf", bytes(range(256)) * 8, "mislabelled_file"),
        ("blank.docx", empty_docx(), "empty_document"),
        ("blank.pdf", pdf([""]), "empty_document"),
        ("blank.zip", zipped({}), "empty_document"),
        ("locked.pdf", locked_pdf(), "password_protected"),
        ("locked.xlsx", OLE + "EncryptedPackage".encode("utf-16-le"), "password_protected"),
        ("locked.odt", odt("", {"META-INF/manifest.xml": "<encryption-data/>"}), "password_protected"),
        (
            "locked.eml",
            b"Content-Type: multipart/encrypted; boundary=B\n\n--B\n\nx\n--B--\n",
            "password_protected",
        ),
        ("cut.docx", DOCX[: len(DOCX) // 2], "truncated_file"),
        ("cut.pdf", pdf(["Words " * 99])[:-200], "truncated_file"),
        ("cut.png", saved(picture("Words"), "PNG")[:-200], "truncated_file"),
        ("cut.gz", gzip.compress(os.urandom(5000))[:-200], "truncated_file"),
        ("noise.pdf", b"%PDF-1.4\n" + bytes(range(256)) * 8 + b"%%EOF", "corrupt_file"),
        ("hollow.xlsx", hollow_xlsx(), "corrupt_file"),
        ("bomb.zip", zipped({"zeros.txt": bytes(32 * 2**20)}), "archive_bomb"),
        ("bomb.gz", gzip.compress(bytes(32 * 2**20)), "archive_bomb"),
        (
            "bomb.docx",
            zipped({"[Content_Types].xml": b"", "word/document.xml": bytes(32 * 2**20)}),
            "archive_bomb",
        ),
    ],
)
def test_every_unreadable_file_has_a_code(parse: Parse, source: str, content: bytes, code: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse(source, content)
    assert caught.value.code == code
    assert caught.value.message
    assert parse("next.md", b"# Next").text == "Next"


@pytest.mark.parametrize("source", ["old.doc", "old.ppt"])
def test_old_office_files_name_what_reads_them(
    source: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    stream = "WordDocument" if source == "old.doc" else "PowerPoint Document"
    content = OLE + stream.encode("utf-16-le")
    with pytest.raises(ParseError) as caught:
        parse_file(content, source, media_type(source, content), Context())
    assert caught.value.code == "needs_libreoffice"
    assert "soffice" in caught.value.message


@pytest.mark.parametrize("kind", ["PNG", "PDF"])
def test_images_of_text_name_the_extra_that_reads_them(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    content = saved(picture("Words"), kind)
    with pytest.raises(ParseError) as caught:
        parse_file(content, "scan", media_type("scan", content), Context())
    assert caught.value.code == "needs_ocr"
    assert "footnote-rag[ocr]" in caught.value.message


def test_a_blank_file_is_empty_and_a_huge_one_too_large(pool: ParserPool, tmp_path: Path) -> None:
    blank, huge = tmp_path / "blank.txt", tmp_path / "huge.txt"
    blank.write_text(" \n")
    with open(huge, "wb") as file:
        file.truncate(Limits().file_bytes + 1)  # sparse: takes no room
    for path, code in ((blank, "empty_document"), (huge, "too_large"), (tmp_path / "gone", "file_not_found")):
        with pytest.raises(ParseError) as caught:
            extract(JobItem(path.name, path=str(path)), None, pool, lambda item, sha256: False)
        assert caught.value.code == code


def test_pages_and_characters_are_capped_by_the_settings(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, parse_max_pages=2, parse_max_characters=1000)
    with ParserPool.of(settings) as small:
        for source, content, cap in (
            ("long.pdf", pdf(["a", "b", "c"]), "more than 2 (parse_max_pages)"),
            ("long.tiff", saved(picture("a"), "TIFF", picture("b"), picture("c")), "(parse_max_pages)"),
            ("long.md", b"words " * 200, "more than 1,000"),
        ):
            with pytest.raises(ParseError) as caught:
                small.parse(source, media_type(source, content), content)
            assert caught.value.code == "too_large"
            assert cap in caught.value.message


def test_one_huge_allocation_between_two_looks_of_the_worker_is_refused() -> None:
    """In the parser's own process, under the limit that it sets itself; nothing watches from outside."""
    code = (
        "from ingest.parse import child\n"
        "child._limit_memory(256)\n"
        "try:\n    bytearray(2**30)\nexcept MemoryError:\n    print('refused')"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout == "refused\n"


def test_a_parser_that_takes_too_long_is_stopped() -> None:
    with ParserPool(Limits(timeout_s=0.05)) as impatient:  # starting it takes longer than that
        with pytest.raises(ParseError) as caught:
            impatient.parse("x.docx", media_type("x.docx", DOCX), DOCX)
        assert caught.value.code == "parse_timeout"


def test_a_parser_that_takes_too_much_memory_is_stopped() -> None:
    with ParserPool(Limits(memory_mb=64)) as small:  # unstructured alone is larger
        with pytest.raises(ParseError) as caught:
            small.parse("x.docx", media_type("x.docx", DOCX), DOCX)
        assert caught.value.code == "parse_out_of_memory"
        assert small.parse("x.md", "text/markdown", b"# Small").text == "Small"


def test_a_parser_that_is_killed_is_a_failed_file_and_the_next_one_is_read() -> None:
    others = _children()
    with ParserPool() as pool:
        assert pool.parse("x.md", "text/markdown", b"# Before").text == "Before"
        (parser,) = _children() - others
        killer = threading.Timer(0.3, lambda: os.kill(parser, signal.SIGKILL))
        killer.start()
        with pytest.raises(ParseError) as caught:
            pool.parse("x.docx", media_type("x.docx", DOCX), DOCX)  # loads unstructured, which takes seconds
        killer.join()
        assert caught.value.code == "parser_crashed"
        assert "signal 9" in caught.value.message
        assert pool.parse("x.md", "text/markdown", b"# After").text == "After"


def _children() -> set[int]:
    """The processes that this one has started; numbers wrap around, so the youngest is not the highest."""
    tasks = Path("/proc/self/task").iterdir()
    return {int(pid) for task in tasks for pid in (task / "children").read_text().split()}


def test_the_first_file_pays_for_the_start_and_no_other(pool: ParserPool) -> None:
    pool.parse("x.md", "text/markdown", b"# Warm")
    before = _children()
    for _ in range(3):
        pool.parse("x.md", "text/markdown", b"# Warm")
        time.sleep(0.01)
    assert _children() == before
