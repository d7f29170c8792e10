"""Ways to split a text that chunking is measured with: fixed windows, recursive separators, Footnote's own.

Each gives passages whose offsets count in the text as given, so that all are judged by the same spans.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.chunk import TokenSpans, split, trimmed
from ingest.types import ParsedDocument
from rag.errors import InvalidInput

SEPARATORS = ("\n\n", "\n", ". ", " ", "")


@dataclass(frozen=True, slots=True)
class Passage:
    """`text[start:end]`, and what the encoder reads in front of it."""

    start: int
    end: int
    context: str = ""


class Tokens:
    """A text's tokens: how many start between two places, and which."""

    def __init__(self, text: str, token_spans: TokenSpans) -> None:
        self.text = text
        self.spans = token_spans(text)
        self._starts = [start for start, _ in self.spans]

    def range(self, start: int, end: int) -> range:
        """Numbers of the tokens that start in `text[start:end]`."""
        return range(bisect_left(self._starts, start), bisect_left(self._starts, end))

    def count(self, start: int, end: int) -> int:
        """How many tokens start in `text[start:end]`."""
        return len(self.range(start, end))


def fixed(tokens: Tokens, size: int, overlap: int = 0) -> list[Passage]:
    """Windows of `size` tokens, each beginning `size - overlap` tokens after the one before."""
    spans, passages, at = tokens.spans, list[Passage](), 0
    while at < len(spans):
        last = min(at + size, len(spans))
        passages.append(Passage(spans[at][0], spans[last - 1][1]))
        if last == len(spans):
            break
        at += size - overlap
    return passages


def recursive(tokens: Tokens, size: int, overlap: int = 0) -> list[Passage]:
    """Like LangChain's RecursiveCharacterTextSplitter, measured in tokens: a text is cut at the first of
    SEPARATORS that it holds, what is still too long at the next, and neighbours are merged up to `size`.
    """
    merged = _recursive(tokens, 0, len(tokens.text), SEPARATORS, size, overlap)
    spans = (trimmed(tokens.text, start, end) for start, end in merged)
    return [Passage(start, end) for start, end in spans if start < end]


def _recursive(
    tokens: Tokens, start: int, end: int, separators: Sequence[str], size: int, overlap: int
) -> list[tuple[int, int]]:
    found = next(
        n for n, mark in enumerate(separators) if not mark or tokens.text.find(mark, start, end) >= 0
    )
    parts = _cut(tokens.text, start, end, separators[found])
    done, good = list[tuple[int, int]](), list[tuple[int, int]]()
    for part in parts:
        if tokens.count(*part) <= size:
            good.append(part)
            continue
        done += _merged(tokens, good, size, overlap)
        good = []
        rest = separators[found + 1 :]
        done += _recursive(tokens, *part, rest, size, overlap) if rest else [part]
    return done + _merged(tokens, good, size, overlap)


def _cut(text: str, start: int, end: int, mark: str) -> list[tuple[int, int]]:
    """The parts between marks; a mark begins the part behind it."""
    if not mark:
        return [(at, at + 1) for at in range(start, end)]
    marks = re.compile(re.escape(mark)).finditer(text, start + 1, end)
    places = [start, *(found.start() for found in marks)]
    return [(a, b) for a, b in zip(places, [*places[1:], end], strict=True) if a < b]


def _merged(
    tokens: Tokens, parts: Sequence[tuple[int, int]], size: int, overlap: int
) -> list[tuple[int, int]]:
    done, held, total = list[tuple[int, int]](), list[tuple[int, int]](), 0
    for part in parts:
        length = tokens.count(*part)
        if held and total + length > size:
            done.append((held[0][0], held[-1][1]))
            while held and (total > overlap or total + length > size):
                total -= tokens.count(*held.pop(0))
        held.append(part)
        total += length
    return [*done, (held[0][0], held[-1][1])] if held else done


def ours(document: ParsedDocument, text: str, token_spans: TokenSpans, size: int) -> list[Passage]:
    """Footnote's chunks of the parsed document, placed in the text that it was parsed from."""
    places = aligned(document.text, text)
    pieces = split(document, token_spans, size)
    return [Passage(places[piece.start], places[piece.end - 1] + 1, piece.context) for piece in pieces]


def aligned(parsed: str, text: str) -> list[int]:
    """Where each character of a parsed text stands in the text it came from, of which a parser may have left
    out some and changed the white space. Raises InvalidInput `not_aligned` when it did more.
    """
    places, at = list[int](), 0
    for char in parsed:
        if char.isspace():
            places.append(min(at, len(text) - 1))
            continue
        at = text.find(char, at)
        if at < 0:
            raise InvalidInput("The parser changed the text: its places are lost.", code="not_aligned")
        places.append(at)
        at += 1
    return places
