"""Pages whose columns were set row by row: pdfium joins what stands beside each other, here it is parted.

Most programs set one column after the other, and pdfium's order is right; only where the stretches of text
keep jumping between columns is a page read anew, column by column.
"""

from __future__ import annotations

import pypdfium2

from ingest.parse.order import Box, regions, rows
from ingest.parse.pdflines import Line, place

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
