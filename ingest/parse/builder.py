"""Collects blocks into one text; every parser ends here, so that offsets are made in one place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ingest.types import Block, BlockKind, ParsedDocument
from rag.types import Metadata, Page, Span

# NUL and other control characters, and lone surrogates, which have no UTF-8. One for one: offsets stay.
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
# Bullets of the fonts Symbol and Wingdings, which have no code points of their own.
BULLETS = dict.fromkeys((0xF0A7, 0xF0B7, 0xF0D8, 0xF0FC), "•")
_GAP = "\n\n"
_NEAR = 20  # blocks


def clean(text: str) -> str:
    """Text that every store can hold: line ends are \\n, control characters are gone, ends are trimmed."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0c", "\n")
    return _UNWANTED.sub("\ufffd", text.translate(BULLETS)).strip()


class Builder:
    """Blocks in, a ParsedDocument out. Blocks stand apart by an empty line; items of a list by a line end."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._blocks: list[Block] = []
        self._pages: list[Page] = []

    @property
    def length(self) -> int:
        """Characters so far."""
        return self._length

    @property
    def headings(self) -> int:
        """How many headings there are so far."""
        return sum(block.kind == "heading" for block in self._blocks)

    def add(self, kind: BlockKind, text: str, *, level: int | None = None, page: int | None = None) -> None:
        """One block; nothing when the text is blank. `level` is 1 to 6 for a heading."""
        text = text.rstrip() if kind == "code" else text
        start = self._append(clean(text) if kind != "code" else _clean_code(text), _GAP)
        if start is not None:
            level = min(max(level or 1, 1), 6) if kind == "heading" else None
            self._blocks.append(Block(kind, start, self._length, level, page))

    def add_table(
        self, rows: Sequence[Sequence[str]], *, page: int | None = None, header: bool | Span = True
    ) -> Span | None:
        """One table: a line per row, ` | ` between cells; where its header stands, if it has one.

        That is its first row unless told otherwise, or a row further up, of a table that this one continues.
        """
        lines = [line for line in map(_row, rows) if line]
        start = self._append("\n".join(lines), _GAP)
        if start is None:
            return None
        if isinstance(header, Span):
            span: Span | None = header
        else:
            span = Span(start, start + len(lines[0])) if header and len(lines) > 1 else None
        self._blocks.append(Block("table", start, self._length, None, page, span))
        return span

    def include(self, document: ParsedDocument, heading: str) -> None:
        """Another document as a section under this heading: its own headings move down by one level."""
        self.add("heading", heading, level=1)
        self.extend(document, down=1)

    def extend(self, document: ParsedDocument, *, down: int = 0) -> None:
        """Another document's blocks and pages behind those that are here, its headings this far down."""
        start = self._append(document.text, _GAP)
        if start is None:
            return
        for block in document.blocks:
            level = None if block.level is None else min(block.level + down, 6)
            header = block.header and Span(block.header.start + start, block.header.end + start)
            moved = replace(
                block, start=block.start + start, end=block.end + start, level=level, header=header
            )
            self._blocks.append(moved)
        self._pages.extend(Page(p.number, p.start + start, p.end + start) for p in document.pages)

    def end_page(self, number: int) -> None:
        """Close the page that began where the last one ended."""
        start = self._pages[-1].end if self._pages else 0
        self._pages.append(Page(number, start, self._length))

    def build(self, title: str = "", metadata: Metadata | None = None) -> ParsedDocument:
        """The document. Without a title its first heading of the highest level is one."""
        text = "".join(self._parts)
        return ParsedDocument(
            text,
            tuple(self._blocks),
            tuple(self._pages),
            _one_line(title) or self._heading(text),
            metadata or {},
        )

    def _heading(self, text: str) -> str:
        """The highest heading near the beginning; further down a heading names a part, not the document."""
        near = (
            block for block in self._blocks[:_NEAR] if block.kind == "heading" and block.page in (None, 1)
        )
        first = min(near, key=lambda block: block.level or 1, default=None)
        return _one_line(text[first.start : first.end]) if first else ""

    def _append(self, text: str, gap: str) -> int | None:
        if not text:
            return None
        if self._parts:
            self._parts.append(gap)
            self._length += len(gap)
        start = self._length
        self._parts.append(text)
        self._length += len(text)
        return start


def _clean_code(text: str) -> str:
    """As `clean`, but the indentation of the first line stays."""
    return clean("." + text)[1:].strip("\n") if text.strip() else ""


def _row(cells: Sequence[str]) -> str:
    flat = [_one_line(cell) for cell in cells]
    while flat and not flat[-1]:
        flat.pop()
    return " | ".join(flat)


def _one_line(text: str) -> str:
    return " ".join(clean(text).split())
