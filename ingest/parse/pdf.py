"""The text of a PDF page by page with pypdfium2; its lines are joined to paragraphs by size and distance."""

from __future__ import annotations

import ctypes
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pypdfium2
import pypdfium2.raw as pdfium

from ingest.parse.build import Builder
from ingest.parse.failures import empty, password_protected, too_large
from ingest.types import BlockKind, ParsedDocument

MAX_PAGES = 5000
_HEADING = 1.12  # a heading is set in letters this much larger than those of the body
_GAP = 1.45  # and a paragraph ends where the next line is this many usual line distances away
_LONGEST_HEADING = 160
_BULLETS = ("•", "◦", "▪", "‣", "●", "■", "–", "-", "*", "○")
_HYPHENS = ("\ufffe", "\x02", "\u00ad")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text with its size and the height of its base on the page, both in points."""

    text: str
    size: float
    bottom: float


def parse(content: bytes, source: str) -> ParsedDocument:
    """One page per page. Raises ParseError `password_protected`, `too_large`, and `empty_document` without a text layer."""
    document = _open(content)
    try:
        if len(document) > MAX_PAGES:
            raise too_large(f"The PDF has {len(document)} pages, more than {MAX_PAGES}.")
        pages = [_lines(document, number) for number in range(len(document))]
        title = document.get_metadata_value("Title")
        author = document.get_metadata_value("Author")
    finally:
        document.close()
    if not any(pages):
        raise empty(
            "No page has a text layer: the pages are images, which need OCR before they are ingested."
        )
    return _build(pages, _real_title(title), author)


def _open(content: bytes) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise password_protected() from error
        raise


def _lines(document: pypdfium2.PdfDocument, number: int) -> list[Line]:
    page = document[number]
    text_page = page.get_textpage()
    lines = list(_page_lines(text_page))
    text_page.close()
    page.close()
    return lines


def _page_lines(text_page: pypdfium2.PdfTextPage) -> Iterator[Line]:
    position = 0
    for text in text_page.get_text_range().split("\n"):
        if shown := text.strip():
            first = position + len(text) - len(text.lstrip())
            index = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, first)
            size, bottom = _geometry(text_page, max(index, 0))
            yield Line(shown, size, bottom)
        position += len(text) + 1


def _geometry(text_page: pypdfium2.PdfTextPage, index: int) -> tuple[float, float]:
    """Height of the letters and of their base line; the font's nominal size says nothing when the page scales it."""
    box = pdfium.FS_RECTF()
    if not pdfium.FPDFText_GetLooseCharBox(text_page, index, ctypes.byref(box)):
        return 0.0, 0.0
    return round(abs(box.top - box.bottom), 1), float(box.bottom)


def _build(pages: Sequence[Sequence[Line]], title: str, author: str) -> ParsedDocument:
    builder = Builder()
    body = _usual_size(pages)
    sizes = _heading_sizes(pages, body)
    for number, lines in enumerate(pages, start=1):
        for paragraph in _paragraphs(lines):
            text = _join(paragraph)
            level = _level(paragraph, text, sizes)
            kind: BlockKind = "heading" if level else "list" if text.startswith(_BULLETS) else "paragraph"
            builder.add(kind, text, level=level, page=number)
        builder.end_page(number)
    return builder.build(title, {"author": author} if author.strip() else {})


def _usual_size(pages: Sequence[Sequence[Line]]) -> float:
    letters: Counter[float] = Counter()
    for line in (line for lines in pages for line in lines):
        letters[line.size] += len(line.text)
    return letters.most_common(1)[0][0]


def _heading_sizes(pages: Sequence[Sequence[Line]], body: float) -> list[float]:
    """The sizes above that of the body, largest first; the place in this list is the level."""
    sizes = {line.size for lines in pages for line in lines if line.size > body * _HEADING}
    return sorted(sizes, reverse=True)[:6]


def _level(paragraph: Sequence[Line], text: str, sizes: Sequence[float]) -> int | None:
    size = paragraph[0].size
    wordy = sum(character.isalpha() for character in text) >= 3
    return sizes.index(size) + 1 if size in sizes and wordy and len(text) <= _LONGEST_HEADING else None


def _paragraphs(lines: Sequence[Line]) -> Iterator[list[Line]]:
    usual = _usual_distance(lines)
    paragraph: list[Line] = []
    for line in lines:
        if paragraph and _apart(paragraph[-1], line, usual):
            yield paragraph
            paragraph = []
        paragraph.append(line)
    if paragraph:
        yield paragraph


def _usual_distance(lines: Sequence[Line]) -> float:
    steps = Counter(round(a.bottom - b.bottom) for a, b in pairwise(lines))
    downwards = Counter({step: count for step, count in steps.items() if step > 2})
    return float(downwards.most_common(1)[0][0]) if downwards else 0.0


def _apart(above: Line, below: Line, usual: float) -> bool:
    """Whether a paragraph ends between two lines: another size, a gap, a jump to a new column, or a bullet."""
    step = above.bottom - below.bottom
    if abs(above.size - below.size) > 0.08 * max(above.size, below.size, 1.0):
        return True
    return step < -usual or (usual > 0 and step > _GAP * usual) or below.text.startswith(_BULLETS[:6])


def _join(lines: Sequence[Line]) -> str:
    """Lines to a paragraph; a word that was divided at a line's end is whole again."""
    text = ""
    for line in lines:
        if text.endswith(_HYPHENS):
            text = text[:-1] + line.text
        else:
            text = f"{text} {line.text}" if text else line.text
    for hyphen in _HYPHENS:
        text = text.replace(hyphen, "-" if hyphen != "\u00ad" else "")
    return text


def _real_title(title: str) -> str:
    """The title that the author gave, not the name that a word processor left there."""
    title = title.strip().removeprefix("Microsoft Word - ").strip()
    return title if " " in title and not title.lower().endswith((".doc", ".docx", ".indd", ".qxd")) else ""
