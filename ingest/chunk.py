"""Splits a document by its structure into chunks that fit the encoder, to the token.

A chunk never crosses a page or a heading of the same or a higher rank, unless one side is tiny; long
paragraphs end at sentences, tables and code at line ends. A heading stands at the start of its own
section's text; the chunks that follow get it as context, as they get the title, the headings above and the
first row of a table. Context is for the encoder alone: a chunk's text is always `text[start:end]`, and
every character that is not white space is in exactly one chunk.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ingest.types import Block, ParsedDocument, Piece
from rag.text.sentences import block_sentences
from rag.types import Span

TokenSpans = Callable[[str], list[tuple[int, int]]]
"""Character spans (start, end) of a text's tokens, see `rag.models.types.Encoder.token_spans`."""

_CONTEXT_TOKENS = 48  # what title, headings and table header may take in front of a chunk
_CHARACTERS_PER_TOKEN = 12  # a run of letters without spaces can be one token however long it is
_TINY = 8  # a section of less than 1/8 of a chunk joins its neighbour
_LONGEST_HEADING = 200


@dataclass(frozen=True, slots=True)
class _Heading:
    text: str
    level: int
    start: int


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is never divided further, and the header of the table that it is a row of."""

    start: int
    end: int
    header: Span | None = None


@dataclass(frozen=True, slots=True)
class _Section:
    """Blocks under the same headings on the same page."""

    headings: tuple[_Heading, ...]
    blocks: tuple[Block, ...]

    @property
    def page(self) -> int | None:
        return self.blocks[0].page

    @property
    def bare(self) -> bool:
        """Headings and nothing below them."""
        return all(block.kind == "heading" for block in self.blocks)


def split(document: ParsedDocument, token_spans: TokenSpans, limit: int) -> list[Piece]:
    """Pieces of at most `limit` tokens each, in order. Linear in the length of the text."""
    tokens = _Tokens(document.text, token_spans, limit)
    pieces: list[Piece] = []
    for section in _joined(_sections(document), tokens):
        units = [unit for block in section.blocks for unit in _units(block, tokens)]
        for start, end, header in _packed(units, tokens):
            context = _context(document, section, start, end, header)
            headings = tuple(heading.text for heading in section.headings)
            pieces.append(Piece(start, end, section.page, headings, tokens.first(context, _CONTEXT_TOKENS)))
    return pieces


class _Tokens:
    """Counts tokens between two places of a text."""

    def __init__(self, text: str, token_spans: TokenSpans, limit: int) -> None:
        self.text = text
        self.limit = limit
        self._token_spans = token_spans
        self._starts = [start for start, _ in token_spans(text)]

    def count(self, start: int, end: int) -> int:
        """Tokens of `text[start:end]`, by those of the whole text where it is cut between words."""
        if self._cut(start) or self._cut(end):
            return len(self._token_spans(self.text[start:end]))
        return bisect_left(self._starts, end) - bisect_left(self._starts, start)

    def fits(self, start: int, end: int) -> bool:
        """Whether this much can be one chunk."""
        if end - start > self.limit * _CHARACTERS_PER_TOKEN:
            return False
        return self.count(start, end) <= self.limit

    def first(self, text: str, most: int) -> str:
        """The text up to its `most`-th token."""
        spans = self._token_spans(text)
        return text[: spans[most - 1][1]] if len(spans) > most else text

    def _cut(self, at: int) -> bool:
        inside = 0 < at < len(self.text)
        return inside and not (self.text[at - 1].isspace() or self.text[at].isspace())


def _sections(document: ParsedDocument) -> list[_Section]:
    """A section begins at each heading and on each page."""
    sections: list[_Section] = []
    stack: tuple[_Heading, ...] = ()
    blocks: list[Block] = []
    for block in document.blocks:
        if blocks and (block.kind == "heading" or block.page != blocks[0].page):
            sections.append(_Section(stack, tuple(blocks)))
            blocks = []
        if block.kind == "heading":
            stack = (*_above(stack, block.level or 1), _heading(document.text, block))
        blocks.append(block)
    return [*sections, _Section(stack, tuple(blocks))] if blocks else sections


def _above(stack: tuple[_Heading, ...], level: int) -> tuple[_Heading, ...]:
    return tuple(heading for heading in stack if heading.level < level)


def _heading(text: str, block: Block) -> _Heading:
    line = " ".join(text[block.start : block.end].split())
    return _Heading(line[:_LONGEST_HEADING], block.level or 1, block.start)


def _joined(sections: Sequence[_Section], tokens: _Tokens) -> list[_Section]:
    """Bare headings join what they head, tiny sections their neighbour, when both fit one chunk."""
    joined: list[_Section] = []
    for section in sections:
        if joined and _belong(joined[-1], section, tokens):
            joined[-1] = _join(joined[-1], section)
        else:
            joined.append(section)
    return joined


def _belong(left: _Section, right: _Section, tokens: _Tokens) -> bool:
    if left.page != right.page:
        return False
    if left.bare:
        return tokens.fits(left.blocks[0].start, left.blocks[-1].end)
    shared = len(_shared(left, right))
    if shared < min(len(left.headings), len(right.headings)) - 1:
        return False
    tiny = min(_size(left, tokens), _size(right, tokens)) * _TINY <= tokens.limit
    return tiny and tokens.fits(left.blocks[0].start, right.blocks[-1].end)


def _join(left: _Section, right: _Section) -> _Section:
    headings = right.headings if left.bare else _shared(left, right)
    return _Section(headings, left.blocks + right.blocks)


def _shared(left: _Section, right: _Section) -> tuple[_Heading, ...]:
    """The headings that both stand under."""
    pairs = zip(left.headings, right.headings, strict=False)
    return tuple(a for a, b in pairs if a == b)


def _size(section: _Section, tokens: _Tokens) -> int:
    return tokens.count(section.blocks[0].start, section.blocks[-1].end)


def _units(block: Block, tokens: _Tokens) -> list[_Unit]:
    """A block as a whole when it fits, else its lines or sentences, else its words, else its letters."""
    start, end = trimmed(tokens.text, block.start, block.end)
    if tokens.fits(start, end):
        return [_Unit(start, end, _header(block, start))] if start < end else []
    if block.kind in ("table", "code", "list"):
        spans = _lines(tokens.text, block.start, block.end)
    else:
        spans = block_sentences(tokens.text, block.start, block.end)
    spans = [part for span in spans for part in _fitting(span, tokens)]
    return [_Unit(start, end, _header(block, start)) for start, end in spans]


def _header(block: Block, start: int) -> Span | None:
    return block.header if block.header is not None and start >= block.header.end else None


def _lines(text: str, start: int, end: int) -> list[tuple[int, int]]:
    spans = []
    while start < end:
        stop = text.find("\n", start, end) + 1 or end
        spans.append((start, stop))
        start = stop
    return spans


def _fitting(span: tuple[int, int], tokens: _Tokens) -> list[tuple[int, int]]:
    """The span, halved at the word nearest to its middle until every part fits."""
    start, end = trimmed(tokens.text, *span)
    if start >= end:
        return []
    if end - start == 1 or tokens.fits(start, end):
        return [(start, end)]
    middle = _word_start(tokens.text, start, end)
    return _fitting((start, middle), tokens) + _fitting((middle, end), tokens)


def _word_start(text: str, start: int, end: int) -> int:
    """The beginning of the word nearest to the middle; the middle itself where there is but one word."""
    middle = (start + end) // 2
    left = next((at for at in range(middle, start, -1) if text[at - 1].isspace()), start)
    right = next((at for at in range(middle, end) if text[at - 1].isspace()), end)
    nearest = left if middle - left <= right - middle else right
    return nearest if start < nearest < end else middle


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without the white space at its ends."""
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end


def _packed(units: Sequence[_Unit], tokens: _Tokens) -> list[tuple[int, int, Span | None]]:
    """Neighbouring units together as long as they fit; the last two chunks share what they hold evenly."""
    groups: list[list[_Unit]] = []
    for unit in units:
        if groups and tokens.fits(groups[-1][0].start, unit.end):
            groups[-1].append(unit)
        else:
            groups.append([unit])
    if len(groups) > 1:
        groups[-2:] = _evened(groups[-2], groups[-1], tokens)
    return [(group[0].start, group[-1].end, group[0].header) for group in groups]


def _evened(left: list[_Unit], right: list[_Unit], tokens: _Tokens) -> list[list[_Unit]]:
    """Move units from a full chunk to the small one behind it while that makes the two more alike."""
    left, right = list(left), list(right)
    while len(left) > 1:
        moved = left[-1]
        before = tokens.count(left[0].start, moved.end)
        after = tokens.count(moved.start, right[-1].end)
        if after > before or not tokens.fits(moved.start, right[-1].end):
            break
        right.insert(0, left.pop())
    return [left, right]


def _context(document: ParsedDocument, section: _Section, start: int, end: int, header: Span | None) -> str:
    """Title, headings and table header, without those that the chunk itself begins with."""
    outside = [heading.text for heading in section.headings if not start <= heading.start < end]
    inside = {heading.text for heading in section.headings if start <= heading.start < end}
    title = [document.title] if document.title and document.title not in inside else []
    lines = [*title, *(text for text in outside if text != document.title)]
    first = " > ".join(lines)
    return "\n".join(filter(None, (first, document.text[header.start : header.end] if header else "")))
