"""Rows of tables in text: a line per row, ` | `, `|` or a tab between cells, the columns' names on top."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from rag.text.rows import RULE, cells, separator
from rag.types import Chunk, Hit, Span

TextOf = Callable[[str], str]
"""A document's text by its id."""

_FEWEST_COLUMNS = 3
"""A table of two columns is as often a list of names and values, without any header."""
_FURTHEST = 100_000
"""Characters above a row in which its header is looked for."""


@dataclass(frozen=True, slots=True)
class Header:
    """The first row of a table: its span in the document, its cells, its text where the chunk lacks it."""

    span: Span
    names: tuple[str, ...]
    quote: str | None


def header_of(row: Span, chunk: Chunk, text_of: TextOf | None) -> Header | None:
    """The header above a row (its span in the document), from the chunk or else the document's text.

    None where the row is the first, a rule, or unlike the row on top; where the top cannot be seen; and where
    the top holds figures, as then it is data too.
    """
    text, offset = chunk.text, chunk.start
    first = _top(text, row.start - offset)
    highest = first.start if first else row.start - offset
    if highest == 0 and offset > 0:
        text, offset = (text_of(chunk.document_id), 0) if text_of else ("", 0)
        first = _top(text, row.start)
    if first is None:
        return None
    names = cells(text[first.start : first.end])
    here = chunk.text[row.start - chunk.start : row.end - chunk.start]
    if len(names) < _FEWEST_COLUMNS or len(names) != len(cells(here)) or RULE.fullmatch(here):
        return None
    if any(name[:1].isdigit() for name in names):
        return None
    span = Span(offset + first.start, offset + first.end)
    inside = span.start >= chunk.start
    return Header(span, names, None if inside else text[first.start : first.end])


def with_header(hit: Hit, text_of: TextOf) -> Hit:
    """The hit, with the header of the table in whose middle its chunk begins."""
    chunk = hit.chunk
    first = chunk.text.partition("\n")[0]
    if chunk.start == 0 or separator(first) is None:
        return hit
    header = header_of(Span(chunk.start, chunk.start + len(first)), chunk, text_of)
    return replace(hit, header=header.quote) if header and header.quote else hit


def passage(hit: Hit) -> str:
    """What a model reads of a hit: the header that its table lacks, and its text."""
    return f"{hit.header}\n{hit.chunk.text}" if hit.header else hit.chunk.text


def in_chunk(hit: Hit, start: int, end: int) -> Span | None:
    """A span of `passage(hit)` as one of the chunk's text; None where it lies in the header."""
    shift = len(hit.header) + 1 if hit.header else 0
    return Span(max(0, start - shift), end - shift) if end > shift else None


def _top(text: str, at: int) -> Span | None:
    """The first line of the run of rows that ends above `at`; None where there is none."""
    top = None
    end = at - 1
    while end > max(0, at - _FURTHEST):
        start = text.rfind("\n", 0, end) + 1
        if separator(text[start:end]) is None:
            break
        top = Span(start, end)
        end = start - 1
    return top
