"""The smallest whole of a document's text that holds an answer: what is quoted for a place in it.

A sentence, with what it leans on or announces; a list's item with the line that introduces the list, or the
whole list where the question asks for one; a row of a table; a block of code or of short lines with the
sentence above it. Everything is found in the text itself, whose lines are as the parsers write them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from rag.text.rows import is_row
from rag.text.sentences import split_sentences
from rag.types import Span

LONGEST = 900
"""Characters of a quoted whole; a longer list is quoted by the first sentence of each item, then in part."""
LONGEST_SENTENCE = 500
_ITEM = re.compile(r"[ \t]*(?:[-*+•‣◦–·]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})[.)])[ \t]+(?=\S)")
_NUMBERED = re.compile(r"[ \t]*\(?\d{1,3}[.)][ \t]+\S")
_LEANS = re.compile(
    r"(?:it|its|they|their|them|he|his|she|her|this|these|those|that|such|both|otherwise|then|also|however|"
    r"in that case|if so|if not|to do (?:so|this|that))\b",
    re.IGNORECASE,
)
_ENDS = (".", "!", "?", "…", "。", "！", "？")
_SHORTEST_OPEN = 25
"""Characters of a line without an end mark that may go on behind an empty line; a shorter one is a title."""
_REACH = 4000
"""Characters on either side of a place that are looked at."""

LineKind = Literal["blank", "item", "row", "text"]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the text without its end."""

    start: int
    end: int
    kind: LineKind


@dataclass(frozen=True, slots=True)
class Region:
    """What is quoted, in the text's order: each span is a sentence, an item, a row or a line."""

    spans: tuple[Span, ...]
    kind: Literal["sentences", "list", "row", "lines"]

    @property
    def length(self) -> int:
        """Characters of all spans."""
        return sum(span.end - span.start for span in self.spans)


def region(
    text: str,
    place: Span,
    *,
    whole: bool,
    headings: Collection[str] = (),
    lines: Sequence[Line] | None = None,
) -> Region:
    """What to quote for the answer at `text[place.start:place.end]`, never empty.

    With `whole` a list is taken as a whole and not by the item. A line that is one of `headings` is never
    quoted. `lines` are `lines_around` the place, where they are known already.
    """
    lines = lines or lines_around(text, place)
    at = _touched(lines, place)
    kinds = {lines[n].kind for n in at}
    if "row" in kinds:
        rows = [lines[n] for n in at if lines[n].kind == "row"]
        best = max(rows, key=lambda one: min(one.end, place.end) - max(one.start, place.start))
        return Region((Span(best.start, best.end),), "row")
    listed = _list_at(text, lines, at)
    if listed is not None:
        return _of_list(text, lines, listed, place, whole)
    return _of_sentences(text, lines, place, whole, headings)


def lines_around(text: str, place: Span) -> list[Line]:
    """The lines around a place."""
    low = text.rfind("\n", 0, max(0, place.start - _REACH)) + 1
    high = text.find("\n", min(len(text), place.end + _REACH))
    found, position = [], low
    for line in text[low : len(text) if high < 0 else high].split("\n"):
        found.append(Line(position, position + len(line), _kind(line)))
        position += len(line) + 1
    return found


def _kind(line: str) -> LineKind:
    if not line.strip():
        return "blank"
    if _ITEM.match(line):
        return "item"
    return "row" if is_row(line) else "text"


def _touched(lines: Sequence[Line], place: Span) -> list[int]:
    found = [n for n, line in enumerate(lines) if line.start < place.end and line.end > place.start]
    return found or [min(range(len(lines)), key=lambda n: abs(lines[n].start - place.start))]


@dataclass(frozen=True, slots=True)
class _List:
    """A list: the line that introduces it, if any, and the first and last lines of each item."""

    lead: int | None
    items: tuple[tuple[int, int], ...]


def _list_at(text: str, lines: Sequence[Line], at: Sequence[int]) -> _List | None:
    """The list that the lines belong to, or which their last sentence announces."""
    first = at[0]
    if lines[first].kind == "text":
        head = first
        while head > 0 and lines[head - 1].kind in ("text", "item") and lines[head].kind == "text":
            head -= 1
        if lines[head].kind == "item":  # a wrapped line of an item
            first = head
        else:
            after = _next(lines, at[-1])
            announces = text[: lines[at[-1]].end].rstrip().endswith(":")
            if after is None or lines[after].kind != "item" or not announces:
                return None
            first = after
    if lines[first].kind != "item":
        return None
    return _List(_lead(text, lines, first), tuple(_items(lines, first)))


def _next(lines: Sequence[Line], n: int) -> int | None:
    return next((m for m in range(n + 1, len(lines)) if lines[m].kind != "blank"), None)


def _before(lines: Sequence[Line], n: int) -> int | None:
    return next((m for m in reversed(range(n)) if lines[m].kind != "blank"), None)


def _start(lines: Sequence[Line], item: int) -> int:
    """The first item of the list, over wrapped lines and single blank ones."""
    first = item
    at = item
    while (above := _before(lines, at)) is not None and at - above <= 2:
        wrapped = at - above == 1 and any(line.kind == "item" for line in lines[max(0, above - 4) : above])
        if lines[above].kind == "item":
            first = above
        elif lines[above].kind != "text" or not wrapped:
            break
        at = above
    return first


def _lead(text: str, lines: Sequence[Line], item: int) -> int | None:
    above = _before(lines, _start(lines, item))
    if above is None or lines[above].kind != "text":
        return None
    return above if text[: lines[above].end].rstrip().endswith(":") else None


def _items(lines: Sequence[Line], item: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    n: int | None = _start(lines, item)
    while n is not None:
        if lines[n].kind == "item":
            found.append((n, n))
        elif lines[n].kind == "text" and found and n == found[-1][1] + 1:
            found[-1] = (found[-1][0], n)
        else:
            break
        after = _next(lines, n)
        n = after if after is not None and after - n <= 2 else None
    return found


def _of_list(text: str, lines: Sequence[Line], listed: _List, place: Span, whole: bool) -> Region:
    lead = _lead_span(text, lines, listed.lead)
    spans = [Span(_inside(text, lines[a].start), lines[b].end) for a, b in listed.items]
    touched = [span for span in spans if span.start < place.end and span.end > place.start]
    if not whole and touched:
        return Region((*lead, *touched), "list")
    room = LONGEST - sum(span.end - span.start for span in lead)
    if sum(span.end - span.start for span in spans) > room:
        spans = [_first_sentence(text, span) for span in spans]
    near = [n for n, span in enumerate(spans) if span.end > place.start][:1] or [0]
    kept = _fitting(spans, near[0], room)
    return Region((*lead, *kept), "list")


def _inside(text: str, start: int) -> int:
    while text[start : start + 1] in (" ", "\t"):
        start += 1
    return start


def _lead_span(text: str, lines: Sequence[Line], lead: int | None) -> list[Span]:
    """The sentence that introduces the list: the last one of its paragraph."""
    if lead is None:
        return []
    first = lead
    while first > 0 and lines[first - 1].kind == "text":
        first -= 1
    sentences = split_sentences(text[lines[first].start : lines[lead].end])
    last = sentences[-1]
    return [Span(lines[first].start + last.start, lines[first].start + last.end)]


def _first_sentence(text: str, span: Span) -> Span:
    first = split_sentences(text[span.start : span.end])[0]
    return Span(span.start + first.start, span.start + first.end)


def _fitting(spans: Sequence[Span], near: int, room: int) -> list[Span]:
    """As many spans as there is room for: from the first one on where the near one is among them."""
    kept: list[Span] = []
    start = 0
    while True:
        kept, used = [], 0
        for span in spans[start:]:
            if kept and used + span.end - span.start > room:
                break
            kept.append(span)
            used += span.end - span.start
        if start + len(kept) > near or start >= near:
            return kept
        start += 1


def _of_sentences(
    text: str, lines: Sequence[Line], place: Span, whole: bool, headings: Collection[str]
) -> Region:
    first, last = _paragraph(lines, place)
    start, end = lines[first].start, lines[last].end
    if _is_preformatted(text, lines[first : last + 1]):
        return _of_lines(text, lines, first, last, place)
    sentences = [Span(start + s.start, start + s.end) for s in split_sentences(text[start:end])]
    sentences = [s for s in sentences if text[s.start : s.end].strip() not in headings] or sentences
    touched = [n for n, s in enumerate(sentences) if s.start < place.end and s.end > place.start]
    if not touched:
        touched = [min(range(len(sentences)), key=lambda n: abs(sentences[n].start - place.start))]
    low, high = touched[0], touched[-1]
    if low > 0 and _LEANS.match(text, sentences[low].start):
        low -= 1
    spans = [_cut(text, s, place) for s in sentences[low : high + 1]]
    if low == 0:
        spans[0] = Span(_begins(text, lines, first, spans[0], headings), spans[0].end)
    if high == len(sentences) - 1:
        spans[-1] = Span(spans[-1].start, _ends_at(text, lines, last, spans[-1], headings))
    return Region((*spans, *_announced(text, lines, last, sentences[high])), "sentences")


def _begins(text: str, lines: Sequence[Line], first: int, sentence: Span, headings: Collection[str]) -> int:
    """Where a paragraph's first sentence begins: on the page before, where it goes on in lower case."""
    above = _before(lines, first)
    if above is None or lines[above].kind != "text" or not text[sentence.start].islower():
        return sentence.start
    opening = _paragraph(lines, Span(lines[above].start, lines[above].end))[0]
    start = lines[opening].start
    begun = split_sentences(text[start : lines[above].end])[-1]
    whole = Span(start + begun.start, start + begun.end)
    return whole.start if _is_open(text, whole, headings) else sentence.start


def _ends_at(text: str, lines: Sequence[Line], last: int, sentence: Span, headings: Collection[str]) -> int:
    """Where a paragraph's last sentence ends: on the next page, where it goes on without an end mark."""
    below = _next(lines, last)
    if below is None or lines[below].kind != "text" or not _is_open(text, sentence, headings):
        return sentence.end
    start = lines[below].start
    if not text[start : start + 1].islower():
        return sentence.end
    closing = _paragraph(lines, Span(start, lines[below].end))[1]
    return start + split_sentences(text[start : lines[closing].end])[0].end


def _is_open(text: str, sentence: Span, headings: Collection[str]) -> bool:
    """Whether a sentence, and no heading, lacks its end."""
    words = text[sentence.start : sentence.end]
    return len(words) >= _SHORTEST_OPEN and words not in headings and words[-1] not in ".!?…。！？:;|"


def _paragraph(lines: Sequence[Line], place: Span) -> tuple[int, int]:
    """The run of text lines that the place touches."""
    at = _touched(lines, place)
    first, last = at[0], at[-1]
    while first > 0 and lines[first - 1].kind == "text":
        first -= 1
    while last + 1 < len(lines) and lines[last + 1].kind == "text":
        last += 1
    return first, last


def _is_preformatted(text: str, lines: Sequence[Line]) -> bool:
    """Whether a run of lines is code, a configuration or the like, and no wrapped prose."""
    if len(lines) < 2:
        return False
    rows = [text[line.start : line.end] for line in lines]
    plain = sum(row.rstrip().endswith((*_ENDS, ",", ";", ":")) or len(row) > 70 for row in rows)
    odd = sum(bool(re.search(r"[{}\[\]=<>$#\\/|]|^\s{2,}|^\w+: ", row)) for row in rows)
    return odd * 2 >= len(rows) and plain * 2 <= len(rows) + odd


def _of_lines(text: str, lines: Sequence[Line], first: int, last: int, place: Span) -> Region:
    """The block of lines with the sentence above it; of a long one the lines around the place."""
    spans = [Span(lines[n].start, lines[n].end) for n in range(first, last + 1)]
    near = next((n for n, span in enumerate(spans) if span.end > place.start), 0)
    kept = _fitting(spans, near, LONGEST // 2)
    above = _before(lines, first)
    lead = []
    if above is not None and lines[above].kind == "text":
        paragraph = _paragraph(lines, Span(lines[above].start, lines[above].end))
        start = lines[paragraph[0]].start
        sentence = split_sentences(text[start : lines[above].end])[-1]
        lead = [Span(start + sentence.start, start + sentence.end)]
        if lead[0].end - lead[0].start > LONGEST_SENTENCE:
            lead = []
    return Region((*lead, *kept), "lines")


def _announced(text: str, lines: Sequence[Line], last: int, sentence: Span) -> list[Span]:
    """What a sentence that ends in a colon announces: lines of the next block, as far as there is room."""
    if not text[sentence.start : sentence.end].endswith(":") or sentence.end < lines[last].end:
        return []
    after = _next(lines, last)
    if after is None or lines[after].kind not in ("text", "row"):
        return []
    spans = []
    while after < len(lines) and lines[after].kind in ("text", "row"):
        spans.append(Span(lines[after].start, lines[after].end))
        after += 1
    return _fitting(spans, 0, LONGEST // 2)


def _cut(text: str, sentence: Span, place: Span) -> Span:
    """The sentence, or of a very long one the part around the place, at word borders."""
    if sentence.end - sentence.start <= LONGEST_SENTENCE:
        return sentence
    start, end = max(place.start, sentence.start), min(place.end, sentence.end)
    room = max(0, LONGEST_SENTENCE - (end - start)) // 2
    left, right = max(sentence.start, start - room), min(sentence.end, end + room)
    while sentence.start < left < start and not text[left - 1].isspace():
        left += 1
    while end < right < sentence.end and not text[right].isspace():
        right -= 1
    piece = text[left:right]
    return Span(left + len(piece) - len(piece.lstrip()), right - len(piece) + len(piece.rstrip()))
