"""The extractive answer: sentences of the passages, quoted, with a footnote each. Nothing here composes text.

A table row is quoted with its header, cell by cell, a list item with the line that introduces the list; each
part carries a footnote of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rag.answer.cite import end_offset
from rag.answer.flow import Anchor, Claim
from rag.answer.overlap import content_words, coverage
from rag.answer.sentences import split
from rag.answer.tables import Header, TextOf, cells, header_of, is_row
from rag.models.types import Reading, ReadResult
from rag.types import Hit, Span

MOST_SENTENCES = 3
_LONGEST_QUOTE = 500
_REPEATED = 0.8
"""A further sentence that shares this much of its words with one already quoted adds nothing."""
_BULLET = re.compile(r"(?:[-*+•‣◦–]|\(?\d{1,3}[.)])\s+")
_CUT_BULLET = re.compile(r"^(?:[-*+•‣◦]|#{1,6}|\(?\d{1,3}[.)])\s+")


def quote_answer(
    result: ReadResult, hits: Sequence[Hit], threshold: float, text_of: TextOf | None = None
) -> tuple[Claim, ...]:
    """One to three quoted sentences: of the best reading, then of others that are as surely right.

    `result.readings` index `hits` and their texts. Readings below `threshold` are not quoted; when even the
    first is below, there is no answer. `text_of` gives a document's text by its id, for table headers that
    stand in an earlier chunk.
    """
    claims: list[Claim] = []
    for reading in result.readings:
        if reading.probability < threshold or len(claims) == MOST_SENTENCES:
            break
        claim = _claim(hits[reading.passage], reading, text_of)
        if not any(_repeats(claim, other) for other in claims):
            claims.append(claim)
    return tuple(_with_lead(claim, before) for claim, before in zip(claims, [None, *claims], strict=False))


def _with_lead(claim: Claim, before: Claim | None) -> Claim:
    """A sentence follows the one before it in line; something without a full stop starts a line."""
    if before is None:
        return claim
    lead = " " if end_offset(before.text) < len(before.text) else "\n"
    return replace(claim, lead=lead)


def _repeats(claim: Claim, other: Claim) -> bool:
    """Whether either says most of what the other says."""
    words, others = content_words(claim.text), content_words(other.text)
    return max(coverage(words, others), coverage(others, words)) >= _REPEATED


def _claim(hit: Hit, reading: Reading, text_of: TextOf | None) -> Claim:
    text = hit.chunk.text
    span = enclosing_sentences(text, reading.start, reading.end)
    row = Span(hit.chunk.start + span.start, hit.chunk.start + span.end)
    if is_row(text[span.start : span.end]):
        header = header_of(row, hit.chunk, text_of)
        return (
            _row_claim(hit, reading.passage, header, span)
            if header
            else _joined(hit, reading.passage, [span])
        )
    intro = _intro(text, span)
    parts = [intro, span] if intro is not None else [span]
    return _joined(hit, reading.passage, parts)


def enclosing_sentences(text: str, start: int, end: int) -> Span:
    """The sentences of `text` that hold the span, cut around it at white space where they are very long.

    Of several table rows it is the one that holds most of the span.
    """
    touched = [s for s in split(text) if s.start < end and s.end > start]
    if not touched:
        return Span(start, end)
    if all(is_row(text[s.start : s.end]) for s in touched):
        return max(touched, key=lambda s: min(s.end, end) - max(s.start, start))
    whole = Span(touched[0].start, touched[-1].end)
    return whole if whole.end - whole.start <= _LONGEST_QUOTE else _narrowed(text, whole, start, end)


def _narrowed(text: str, whole: Span, start: int, end: int) -> Span:
    """At most _LONGEST_QUOTE characters (or the span itself, if longer) around the span, at word borders."""
    room = max(0, _LONGEST_QUOTE - (end - start)) // 2
    left, right = max(whole.start, start - room), min(whole.end, end + room)
    while whole.start < left < start and not text[left - 1].isspace():
        left += 1
    while end < right < whole.end and not text[right].isspace():
        right -= 1
    piece = text[left:right]
    return Span(left + len(piece) - len(piece.lstrip()), right - len(piece) + len(piece.rstrip()))


def _joined(hit: Hit, passage: int, parts: Sequence[Span]) -> Claim:
    """The spans one after the other, white space collapsed, each with its footnote at its end."""
    text = ""
    anchors: list[Anchor] = []
    for part in parts:
        words = _flat(hit.chunk.text[part.start : part.end])
        text += f" {words}" if text else words
        anchors.append(_anchor(hit, passage, text, part))
    return Claim("", text, tuple(anchors), quoted=True)


def _anchor(hit: Hit, passage: int, text: str, span: Span) -> Anchor:
    return Anchor(end_offset(text), passage, hit.chunk.start + span.start, hit.chunk.start + span.end)


def _flat(text: str) -> str:
    """One line, without the bullet, number or hashes in front."""
    return " ".join(_CUT_BULLET.sub("", text).split())


def _intro(text: str, span: Span) -> Span | None:
    """The line that introduces the list whose item the span is: the line above it that ends with a colon."""
    if not _BULLET.match(text, span.start):
        return None
    above = [s for s in split(text[: span.start]) if not _BULLET.match(text, s.start)]
    return above[-1] if above and text[above[-1].end - 1] == ":" else None


def _row_claim(hit: Hit, passage: int, header: Header, row: Span) -> Claim:
    """`Column: cell` for each filled cell, with footnotes on the header and on the row."""
    pairs = zip(header.names, cells(hit.chunk.text[row.start : row.end]), strict=True)
    line = "; ".join(f"{name}: {cell}" if name else cell for name, cell in pairs if cell)
    end = end_offset(line)
    above = Anchor(end, passage, header.span.start, header.span.end, header.quote)
    return Claim("", line, (above, _anchor(hit, passage, line, row)), quoted=True)
