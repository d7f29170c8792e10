"""What the tests of ingest make and look at."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from ingest.media_types import media_type
from ingest.parse.pool import ParserPool
from ingest.types import ParsedDocument
from rag.settings import Settings

HANDBOOK = Path(__file__).parents[2] / "samples" / "handbook"


def settings_in(data: Path) -> Settings:
    """Settings of a test; FOOTNOTE_TEST_WEIGHTS names weights other than the shipped ones."""
    weights = os.environ.get("FOOTNOTE_TEST_WEIGHTS")
    return Settings(data=data, threads=2, weights=Path(weights) if weights else None)


class Parse:
    """Parses bytes, or a file of the sample handbook, in the warm parser process."""

    def __init__(self, pool: ParserPool) -> None:
        self._pool = pool

    def __call__(self, source: str, content: bytes) -> ParsedDocument:
        return self._pool.parse(source, media_type(source, content), content)

    def sample(self, name: str) -> ParsedDocument:
        return self(name, (HANDBOOK / name).read_bytes())


def shown(document: ParsedDocument) -> list[tuple[str, int | None, str]]:
    """Kind, level and text of every block."""
    return [(b.kind, b.level, document.text[b.start : b.end]) for b in document.blocks]


def zipped(members: dict[str, bytes]) -> bytes:
    """A ZIP archive of these files, deflated."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def tarred(members: dict[str, bytes], mode: str = "w") -> bytes:
    """A TAR archive of these files; `mode` packs it: `w:gz`, `w:bz2`, `w:xz`."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]  # a mode from a test
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def picture(*lines: str) -> Image.Image:
    """A white picture with these lines in black."""
    image = Image.new("RGB", (900, 60 + 60 * len(lines)), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=36)
    for number, line in enumerate(lines):
        draw.text((40, 30 + 60 * number), line, fill="black", font=font)
    return image


def saved(image: Image.Image, kind: str, *more: Image.Image) -> bytes:
    """A picture as a file of this kind (PNG, TIFF, PDF, ...), with further ones as its pages."""
    out = io.BytesIO()
    options = {"save_all": True, "append_images": list(more)} if more else {}
    image.save(out, kind, **options)
    return out.getvalue()


def office_file(document: object) -> bytes:
    """What python-docx, python-pptx or openpyxl made, as a file."""
    out = io.BytesIO()
    document.save(out)  # type: ignore[attr-defined]  # all three alike
    return out.getvalue()


def with_part(office: bytes, name: str, change: str, to: str) -> bytes:
    """The file with a piece of one part's XML replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(office)) as source, zipfile.ZipFile(out, "w") as target:
        for member in source.namelist():
            content = source.read(member)
            target.writestr(
                member, content.replace(change.encode(), to.encode()) if member == name else content
            )
    return out.getvalue()


def odt(body: str, extra: dict[str, str] | None = None) -> bytes:
    """An OpenDocument text with this XML as its body, or of another kind by its element."""
    names = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
        for short, long in (
            ("office", "office"),
            ("text", "text"),
            ("table", "table"),
            ("draw", "drawing"),
            ("presentation", "presentation"),
            ("style", "style"),
        )
    )
    document = f"<office:document-content {names}><office:body>{body}</office:body></office:document-content>"
    members = {
        "mimetype": "application/vnd.oasis.opendocument.text",
        "content.xml": document,
        **(extra or {}),
    }
    return zipped({name: text.encode() for name, text in members.items()})


def epub(chapters: dict[str, str]) -> bytes:
    """An EPUB whose spine is these pages of XHTML, the last one first in the archive."""
    items = "".join(f'<item id="{n}" href="text/{n}" media-type="application/xhtml+xml"/>' for n in chapters)
    spine = "".join(f'<itemref idref="{name}"/>' for name in chapters)
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>'
        "<dc:title>The Isles</dc:title><dc:creator>Ann Vik</dc:creator></metadata>"
        f"<manifest>{items}</manifest><spine>{spine}</spine></package>"
    )
    container = '<container><rootfiles><rootfile full-path="OEBPS/a.opf"/></rootfiles></container>'
    pages = {f"OEBPS/text/{name}": page for name, page in reversed(chapters.items())}
    members = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": container,
        "OEBPS/a.opf": package,
        **pages,
    }
    return zipped({name: text.encode() for name, text in members.items()})
