"""The lines of a PDF page as pdfium tells them, with their places and sizes."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pypdfium2
import pypdfium2.raw as pdfium

from ingest.parse.builder import BULLETS
from ingest.parse.reading_order import Box, regions, rows

_BOLD = 600
_ALEF_LAM = re.compile("[\u0622\u0623\u0625\u0627]\u0644")
# Where Arabic or Hebrew and Latin letters meet, pdfium loses the space between them.
_SCRIPTS = re.compile("(?<=[\u0590-\u06ff])(?=[A-Za-z])|(?<=[A-Za-z])(?=[\u0590-\u06ff])")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text: its size, the heights of its first and last letter's base, its left edge, in points.

    The two heights differ where pdfium has joined the halves of a divided word. A line that was filled in
    (a form's) is a paragraph of its own.
    """

    text: str
    size: float
    base: float
    end_base: float
    bold: bool
    left: float = 0.0
    filled: bool = False


def page_lines(text_page: pypdfium2.PdfTextPage) -> Iterator[Line]:
    """The lines of a page in the order in which they were set."""
    position = 0
    for text in _with_ligatures(text_page, text_page.get_text_range().translate(BULLETS)).split("\n"):
        if shown := text.strip():
            first = _index(text_page, position + _telling(text))
            last = _index(text_page, position + len(text.rstrip()) - 1)
            size, base, left = _geometry(text_page, first)
            bold = _is_bold(text_page, first) and _is_bold(text_page, last)
            yield Line(_SCRIPTS.sub(" ", shown), size, base, _geometry(text_page, last)[1], bold, left)
        position += len(text) + 1


def place(
    text_page: pypdfium2.PdfTextPage, x: float, y: float, size: float, base: float
) -> tuple[float, float, bool]:
    """Size, base and weight of the letter at this place; what is given where there is none."""
    index = pdfium.FPDFText_GetCharIndexAtPos(text_page, x + 1, y, size, size)
    if index < 0:
        return round(size, 1), base, False
    return (*_geometry(text_page, index)[:2], _is_bold(text_page, index))


def _index(text_page: pypdfium2.PdfTextPage, position: int) -> int:
    """The page's character behind a place in its text; pdfium counts both."""
    return max(0, int(pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, position)))


def _telling(text: str) -> int:
    """Where the first letter or digit is: brackets and symbols often come from a font of other measures."""
    return next((at for at, character in enumerate(text) if character.isalnum()), 0)


def _geometry(text_page: pypdfium2.PdfTextPage, index: int) -> tuple[float, float, float]:
    """Height, base and left edge of a letter on the page; the font's own size says little: pages scale it."""
    box = pdfium.FS_RECTF()
    if not pdfium.FPDFText_GetLooseCharBox(text_page, index, ctypes.byref(box)):
        return 0.0, 0.0, 0.0
    return round(abs(box.top - box.bottom), 1), float(box.bottom), float(box.left)


def _is_bold(text_page: pypdfium2.PdfTextPage, index: int) -> bool:
    if pdfium.FPDFText_GetFontWeight(text_page, index) >= _BOLD:
        return True
    name, flags = ctypes.create_string_buffer(128), ctypes.c_int()
    pdfium.FPDFText_GetFontInfo(text_page, index, name, len(name), ctypes.byref(flags))
    return b"bold" in name.value.lower()


def _with_ligatures(text_page: pypdfium2.PdfTextPage, text: str) -> str:
    """The text with the letters of the ligature lam-alef in order: pdfium turns them with the line.

    The two letters come from one glyph, so they stand in one place.
    """
    for match in list(_ALEF_LAM.finditer(text)):
        alef, lam = (_place(text_page, _index(text_page, at)) for at in (match.start(), match.start() + 1))
        if alef == lam:
            text = text[: match.start()] + match[0][::-1] + text[match.end() :]
    return text


def _place(text_page: pypdfium2.PdfTextPage, index: int) -> tuple[float, float]:
    box = pdfium.FS_RECTF()
    pdfium.FPDFText_GetLooseCharBox(text_page, index, ctypes.byref(box))
    return float(box.left), float(box.right)


_JUMPS = 0.5  # jumps between columns as a share of the stretches; a page in order has a handful
_FEWEST = 16  # stretches; a smaller page has no columns worth the name
_MOST = 400


def interleaved(text_page: pypdfium2.PdfTextPage) -> list[Line] | None:
    """The lines of the page by its columns; None where pdfium's own order stands."""
    count = text_page.count_rects()
    if not _FEWEST <= count <= _MOST:
        return None
    edges = [text_page.get_rect(index) for index in range(count)]
    boxes = [
        Box(str(index), left, -top, right, -bottom) for index, (left, bottom, right, top) in enumerate(edges)
    ]
    found = regions(boxes)
    if len(found) < 2 or _jumps(found, count) < _JUMPS * count:
        return None
    return [_line(text_page, row) for region in found for row in rows(_with_text(text_page, region))]


def _jumps(found: list[list[Box]], count: int) -> int:
    region_of = {int(box.text): number for number, region in enumerate(found) for box in region}
    return sum(region_of[index] != region_of[index + 1] for index in range(count - 1))


def _with_text(text_page: pypdfium2.PdfTextPage, region: list[Box]) -> list[Box]:
    texts = (text_page.get_text_bounded(b.left, -b.bottom, b.right, -b.top) for b in region)
    read = [
        Box(" ".join(text.split()), box.left, box.top, box.right, box.bottom)
        for box, text in zip(region, texts, strict=True)
    ]
    return [box for box in read if box.text]


def _line(text_page: pypdfium2.PdfTextPage, row: Box) -> Line:
    size, base, bold = place(text_page, row.left, (row.top + row.bottom) / -2, row.height, -row.bottom)
    return Line(row.text, size, base, base, bold, row.left)
