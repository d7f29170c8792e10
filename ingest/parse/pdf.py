"""The text of a PDF page by page with pypdfium2; its lines are joined to paragraphs by size and distance."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, takewhile

import pypdfium2
import pypdfium2.raw as pdfium

from ingest.media_types import PDF
from ingest.parse.builder import Builder
from ingest.parse.failures import empty, needs_ocr, password_protected, too_large, truncated, unread_metadata
from ingest.parse.limits import Context
from ingest.parse.lines import joined
from ingest.parse.ocr import LONGEST_SIDE, add_image, is_installed
from ingest.parse.pdf_annotations import notes, with_notes
from ingest.parse.pdf_layout import Line, interleaved, page_lines
from ingest.parse.pdf_margins import pattern, running_lines
from ingest.parse.pdf_tables import Table, ruled_tables, with_tables
from ingest.parse.truncation import is_truncated
from ingest.types import BlockKind, ParsedDocument
from rag.types import Span

_HEADING = 1.12  # a heading is set in letters this much larger than those of the body
_GAP = 1.45  # and a paragraph ends where the next line is this many usual line distances away
_FAR = 2.5  # line heights; lines of one paragraph are never so far apart
_LONGEST_HEADING = 160
_HEADING_STARTS = "§#\"'“‘«([{"
_SCRAP = 4
_SAME = 0.1
_OCR_DPI = 200
_BULLETS = ("•", "◦", "▪", "‣", "●", "■", "○", "– ", "- ", "* ")
# pdfium marks the hyphen of a word divided at a line's end with U+FFFE, older versions with \x02.
_DIVIDED = re.compile("[\ufffe\x02\u00ad]\\s*(?=[^\\W\\d_])")
_HYPHEN = re.compile("[\ufffe\x02]")


@dataclass(frozen=True, slots=True)
class _Page:
    """What a page holds; `scanned` is one without text and with images."""

    items: list[Line | Table]
    scanned: bool


def parse(content: bytes, source: str, context: Context) -> ParsedDocument:
    """Blocks page by page; pages that are images go through OCR, where that is installed.

    Raises ParseError `password_protected`, `too_large`, `empty_document`, `needs_ocr`, `truncated_file`.
    """
    document = _open(content)
    try:
        if len(document) > context.limits.pages:
            raise too_large(
                f"The PDF has {len(document)} pages, more than {context.limits.pages} (parse_max_pages)."
            )
        pages = [_page(document, number) for number in range(len(document))]
        if is_truncated(content, PDF):
            raise truncated(PDF)
        _check_text(pages)
        return _build(document, pages, context)
    finally:
        document.close()


def _check_text(pages: Sequence[_Page]) -> None:
    if any(page.items for page in pages):
        return
    if not any(page.scanned for page in pages):
        raise empty("No page has a text layer, and none shows an image.")
    if not is_installed():
        raise needs_ocr()


def _open(content: bytes) -> pypdfium2.PdfDocument:
    try:
        document = pypdfium2.PdfDocument(content)
        if document.get_formtype() != pdfium.FORMTYPE_NONE:
            document.init_forms()
        return document
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise password_protected() from error
        raise


def _page(document: pypdfium2.PdfDocument, number: int) -> _Page:
    page = document[number]
    text_page = page.get_textpage()
    try:
        lines = interleaved(text_page) or list(page_lines(text_page))
        if shown := notes(page, document.formenv):
            lines = with_notes(lines, shown, text_page)
        items = with_tables(lines, ruled_tables(page, text_page)) if lines else []
        return _Page(items, not lines and _has_image(page))
    finally:
        text_page.close()
        page.close()


def _has_image(page: pypdfium2.PdfPage) -> bool:
    kinds = (pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_FORM)
    return next(iter(page.get_objects(filter=kinds)), None) is not None


def _build(document: pypdfium2.PdfDocument, pages: Sequence[_Page], context: Context) -> ParsedDocument:
    builder, unread = Builder(), list[str]()
    body = _usual_size(pages)
    pages, running = _without_running(pages, body)
    writer = _Writer(builder, _heading_sizes(pages, body))
    for number, page in enumerate(pages, start=1):
        writer.add(page.items, number)
        if page.scanned and is_installed():
            _add_scan(builder, document, number)
            context.alive()
        elif page.scanned:
            unread.append(f"page {number}: needs_ocr")
        if number == len(pages):
            writer.add(running, number)
        builder.end_page(number)
    author = document.get_metadata_value("Author").strip()
    metadata = {"author": author} if author else {}
    return builder.build(
        _real_title(document.get_metadata_value("Title")), {**metadata, **unread_metadata(unread)}
    )


def _without_running(pages: Sequence[_Page], body: float) -> tuple[list[_Page], list[Line]]:
    """The pages without running heads and feet but that on top of the first page, and one of each other."""
    lines = [[item for item in page.items if isinstance(item, Line)] for page in pages]
    found = running_lines(lines, body)
    top = [] if not pages else list(takewhile(lambda item: item in found[0], pages[0].items))
    kept = {pattern(item.text) for item in top if isinstance(item, Line)}
    once = {pattern(line.text): line for page in reversed(found) for line in reversed(page)}
    left = [[line for line in lines if number or line not in top] for number, lines in enumerate(found)]
    plain = [
        replace(page, items=[item for item in page.items if item not in running])
        for page, running in zip(pages, left, strict=True)
    ]
    return plain, [line for words, line in once.items() if words not in kept]


@dataclass(slots=True)
class _Writer:
    """Adds pages to a builder; knows the last page's last table, which the next page's first may continue."""

    builder: Builder
    sizes: Sequence[float]
    table: Table | None = None
    header: Span | None = None

    def add(self, items: Sequence[Line | Table], number: int) -> None:
        """The blocks of a page's items."""
        lines: list[Line] = []
        for item in [*items, None]:
            if isinstance(item, Line):
                lines.append(item)
                continue
            for paragraph in _paragraphs(lines):
                self._add_paragraph(paragraph, number)
            lines = []
            if item is not None:
                self._add_table(item, number)

    def _add_paragraph(self, paragraph: Sequence[Line], number: int) -> None:
        self.table = self.header = None
        text = _join(paragraph)
        level = _level(paragraph, text, self.sizes)
        kind: BlockKind = "heading" if level else "list" if text.startswith(_BULLETS) else "paragraph"
        self.builder.add(kind, text, level=level, page=number)

    def _add_table(self, table: Table, number: int) -> None:
        """A table that goes on from the last page has that one's header, unless it repeats it."""
        above, header = self.table, self.header
        goes_on = above is not None and header is not None and table.goes_on(above)
        if goes_on and above is not None and header is not None and table.rows[0] != above.rows[0]:
            self.builder.add_table(table.rows, page=number, header=header)
            self.table = replace(table, rows=above.rows)
            return
        self.table, self.header = table, self.builder.add_table(table.rows, page=number)


def _add_scan(builder: Builder, document: pypdfium2.PdfDocument, number: int) -> None:
    page = document[number - 1]
    try:
        scale = min(_OCR_DPI / 72, LONGEST_SIDE / max(page.get_size()))
        add_image(page.render(scale=scale).to_pil(), builder, number)
    finally:
        page.close()


def _all_lines(pages: Sequence[_Page]) -> list[Line]:
    return [item for page in pages for item in page.items if isinstance(item, Line)]


def _usual_size(pages: Sequence[_Page]) -> float:
    letters: Counter[float] = Counter()
    for line in _all_lines(pages):
        letters[line.size] += len(line.text)
    return letters.most_common(1)[0][0] if letters else 0.0


def _heading_sizes(pages: Sequence[_Page], body: float) -> list[float]:
    """The sizes above that of the body, largest first and those that are nearly the same as one."""
    sizes: list[float] = []
    for size in sorted({line.size for line in _all_lines(pages)}, reverse=True):
        if size > body * _HEADING and (not sizes or size < sizes[-1] * (1 - _SAME)):
            sizes.append(size)
    return sizes[:5]


def _level(paragraph: Sequence[Line], text: str, sizes: Sequence[float]) -> int | None:
    """1 is the largest size, short bold lines in the body's size come last; None is no heading."""
    if len(text) > _LONGEST_HEADING or sum(character.isalpha() for character in text) < 3:
        return None
    if not (text[0].isalnum() or text[0] in _HEADING_STARTS):
        return None
    for level, size in enumerate(sizes, start=1):
        if size * (1 - _SAME) <= paragraph[0].size <= size:
            return level
    bold = len(paragraph) <= 2 and all(line.bold for line in paragraph) and text[-1] not in ".,;"
    return len(sizes) + 1 if bold else None


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
    steps = Counter(round(above.end_base - below.base) for above, below in pairwise(lines))
    downwards = Counter({step: count for step, count in steps.items() if step > 2})
    return float(downwards.most_common(1)[0][0]) if downwards else 0.0


def _apart(above: Line, below: Line, usual: float) -> bool:
    """Whether a paragraph ends here: a bullet, other letters, a gap, or a jump up to the next column."""
    step, size = above.end_base - below.base, max(above.size, below.size)
    if below.text.startswith(_BULLETS) or above.filled or below.filled or step > _FAR * size:
        return True
    if min(len(above.text), len(below.text)) < _SCRAP and abs(step) < size:
        return False  # an index or exponent that pdfium took for a line
    if abs(above.size - below.size) > _SAME * size or (above.bold != below.bold and step > 2):
        return True
    return step < -size or (usual > 0 and step > max(_GAP * usual, _GAP * size))


def _join(lines: Sequence[Line]) -> str:
    """Lines to a paragraph; a word that was divided at a line's end is whole again."""
    text = _DIVIDED.sub("", joined([line.text for line in lines]))
    return _HYPHEN.sub("-", text).replace("\u00ad", "")


def _real_title(title: str) -> str:
    """The title that the author gave, not the name that a word processor left there."""
    title = title.strip().removeprefix("Microsoft Word - ").strip()
    return title if " " in title and not title.lower().endswith((".doc", ".docx", ".indd", ".qxd")) else ""
