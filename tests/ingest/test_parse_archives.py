"""Archives are read member by member under limits, and nothing that they hold reaches the disk."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import zipfile
from email.message import EmailMessage
from pathlib import Path

import pytest

from ingest.parse.limits import DEPTH
from rag.errors import ParseError
from samples.make_samples import pdf
from tests.ingest.making import Parse, shown, tarred, zipped

MEMBERS = {"guide/tern.md": b"# Tern\n\n## Ramp\n\nIt holds 26 tonnes.", "guide/log.txt": b"Calm all day."}
SECTIONS = [
    ("heading", 1, "guide/tern.md"),
    ("heading", 2, "Tern"),
    ("heading", 3, "Ramp"),
    ("paragraph", None, "It holds 26 tonnes."),
    ("heading", 1, "guide/log.txt"),
    ("paragraph", None, "Calm all day."),
]


@pytest.mark.parametrize(
    ("source", "content"),
    [
        ("a.zip", zipped(MEMBERS)),
        ("a.tar", tarred(MEMBERS)),
        ("a.tgz", tarred(MEMBERS, "w:gz")),
        ("a.tar.bz2", tarred(MEMBERS, "w:bz2")),
        ("a.tar.xz", tarred(MEMBERS, "w:xz")),
        ("nameless", zipped(MEMBERS)),
    ],
)
def test_each_file_of_an_archive_is_a_section(parse: Parse, source: str, content: bytes) -> None:
    document = parse(source, content)
    assert shown(document) == SECTIONS
    assert document.metadata == {"files": 2}


@pytest.mark.parametrize("packed", [gzip.compress, bz2.compress, lzma.compress])
def test_one_packed_file_is_read_as_if_it_were_not_packed(parse: Parse, packed: object) -> None:
    content = packed(b"# Tern\n\nA ferry.")  # type: ignore[operator]  # one of the three above
    assert shown(parse("tern.md.gz", content)) == [("heading", 1, "Tern"), ("paragraph", None, "A ferry.")]


def test_pages_of_a_pdf_in_an_archive_are_kept(parse: Parse) -> None:
    document = parse("a.zip", zipped({"two.pdf": pdf(["First page.", "Second page."])}))
    assert {document.text[b.start : b.end]: b.page for b in document.blocks if b.page} == {
        "First page.": 1,
        "Second page.": 2,
    }
    assert [document.text[p.start : p.end].strip() for p in document.pages] == ["First page.", "Second page."]


def test_what_cannot_be_read_is_named_and_the_rest_is_kept(parse: Parse) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("good.md", "# Good")
        archive.writestr("film.mp4", b"\0\0\0\x18ftypmp42")
        archive.writestr("../../escape.md", "# Out")
        link = zipfile.ZipInfo("link.md")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr(".hidden", "x")
        archive.writestr("__MACOSX/._good.md", "x")
    document = parse("mixed.zip", out.getvalue())
    assert document.text == "good.md\n\nGood"
    assert document.metadata["unread"] == [
        "film.mp4: unsupported_format",
        "../../escape.md: archive_unsafe_path",
        "link.md: archive_link",
    ]


def test_links_and_devices_of_a_tar_are_not_followed(parse: Parse) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, kind in (
            ("passwd.txt", tarfile.SYMTYPE),
            ("hard.txt", tarfile.LNKTYPE),
            ("fifo", tarfile.FIFOTYPE),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    with pytest.raises(ParseError) as caught:
        parse("links.tar", out.getvalue())
    assert caught.value.code == "archive_unreadable"
    assert caught.value.message.count("archive_link") == 3


def test_archives_may_stand_in_archives_but_not_without_end(parse: Parse) -> None:
    content = b"# Core"
    for number in range(DEPTH):
        content = zipped({f"inner{number}.zip" if number else "core.md": content})
    assert parse("a.zip", content).text.endswith("Core")
    with pytest.raises(ParseError) as caught:
        parse("a.zip", zipped({"b.zip": content}))
    assert caught.value.code == "archive_too_deep"


def test_a_bomb_in_an_archive_stops_the_whole_archive(parse: Parse) -> None:
    bomb = zipped({"zeros.bin": bytes(32 * 2**20)})
    with pytest.raises(ParseError) as caught:
        parse("a.zip", zipped({"good.md": b"# Good", "bomb.zip": bomb}))
    assert caught.value.code == "archive_bomb"


def test_reading_an_archive_writes_nothing(
    parse: Parse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    parse("a.tar", tarred({"../out.md": b"# Out", "in.md": b"# In"}))
    assert not list(tmp_path.iterdir())
    assert not (tmp_path.parent / "out.md").exists()


def test_attachments_are_sections_of_their_message(parse: Parse) -> None:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "Plans", "ann@example.com", "bo@example.com"
    message["Date"] = "Sat, 21 Nov 2026 10:00:00 +0100"
    message.set_content("See the plan.")
    message.add_attachment(
        b"# Plan\n\nPaint the hull.", maintype="text", subtype="markdown", filename="plan.md"
    )
    message.add_attachment(zipped(MEMBERS), maintype="application", subtype="zip", filename="more.zip")
    message.add_attachment(b"\0\1\2", maintype="application", subtype="octet-stream", filename="x.bin")
    document = parse("plans.eml", message.as_bytes())
    headings = [(level, text) for kind, level, text in shown(document) if kind == "heading"]
    assert headings[:4] == [(1, "plan.md"), (2, "Plan"), (1, "more.zip"), (2, "guide/tern.md")]
    assert "Paint the hull." in document.text
    assert document.title == "Plans"
    assert document.metadata == {
        "subject": "Plans",
        "from": "ann@example.com",
        "to": "bo@example.com",
        "date": "2026-11-21T10:00:00+01:00",
        "attachments": "plan.md, more.zip, x.bin",
        "unread": ["x.bin: unsupported_format"],
    }
