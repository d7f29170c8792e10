"""The passages behind an answer, with what its footnotes quote of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from eval.runs.record import Footnote, Passage, Row

LONGEST_PASSAGE, LONGEST_QUOTE = 700, 2000
SPARED = 100
"""Characters that are not cut off for their own sake."""
BEFORE = 160
"""Characters that are kept before the first quote of a passage that is cut."""
MARKER = re.compile(r"\[(\d+(?:\s*,\s*\d+)*)\]")


@dataclass(frozen=True, slots=True)
class Quoted:
    """A span of a passage and the marker of the footnote that quotes it."""

    start: int
    end: int
    marker: int


@dataclass(frozen=True, slots=True)
class ExcerptPart:
    """A piece of a passage; `marker` is that of the footnote that quotes it, if one does."""

    text: str
    marker: int | None = None


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A passage in pieces, with how many characters were left out before and after."""

    before: int
    parts: tuple[ExcerptPart, ...]
    after: int
    markers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is behind an answer: passages that its footnotes quote, footnotes whose quote no passage holds,
    and the passages that were retrieved and not quoted.
    """

    quoting: tuple[tuple[Passage, Excerpt], ...]
    lone: tuple[Footnote, ...]
    others: tuple[tuple[Passage, Excerpt], ...]


def evidence_of(row: Row) -> Evidence:
    """The passages of a row with what the answer quotes of them."""
    found = [(passage, quoted(row, place)) for place, passage in enumerate(row.passages)]
    seen = {span.marker for _, spans in found for span in spans}
    return Evidence(
        quoting=tuple((passage, excerpt(passage, spans)) for passage, spans in found if spans),
        lone=tuple(note for note in row.footnotes if note.marker not in seen),
        others=tuple((passage, excerpt(passage, ())) for passage, spans in found if not spans),
    )


def quoted(row: Row, place: int) -> list[Quoted]:
    """Where the footnotes of a row quote its passage at `place`, in order; of quotes that overlap the first.

    A footnote that names no passage is looked for in all of its source's. Spaces may differ.
    """
    passage = row.passages[place]
    notes = [
        note for note in row.footnotes if note.passage in (None, place) and note.source == passage.source
    ]
    found = [span for note in notes if (span := _found(note, passage.text))]
    kept: list[Quoted] = []
    for one in sorted(found, key=lambda span: (span.start, -span.end)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


def _found(note: Footnote, text: str) -> Quoted | None:
    words = [re.escape(word) for word in note.quote[:LONGEST_QUOTE].split()]
    match = re.search(r"\s+".join(words), text) if words else None
    return Quoted(*match.span(), note.marker) if match else None


def excerpt(passage: Passage, spans: Sequence[Quoted]) -> Excerpt:
    """The text cut to LONGEST_PASSAGE characters around the first quote; empty lines are dropped."""
    text, start = passage.text, 0
    longest = LONGEST_PASSAGE if len(text) > LONGEST_PASSAGE + SPARED else len(text)
    if spans and len(text) > longest:
        start = min(max(0, spans[0].start - BEFORE), max(0, len(text) - longest))
    end = min(len(text), start + longest)
    parts: list[ExcerptPart] = []
    place = start
    for span in spans:
        if span.start >= end:
            break
        parts.append(ExcerptPart(_dense(text[place : span.start])))
        parts.append(ExcerptPart(text[span.start : min(span.end, end)], span.marker))
        place = min(span.end, end)
    parts.append(ExcerptPart(_dense(text[place:end])))
    return Excerpt(start, tuple(parts), len(text) - end, tuple(span.marker for span in spans))


def _dense(text: str) -> str:
    return re.sub(r"\n\s*\n", "\n", text)


def linked_parts(text: str, row: Row) -> list[tuple[str, tuple[int, ...]]]:
    """A sentence in pieces, each with the markers behind it that have a footnote; other markers are text."""
    known = {note.marker for note in row.footnotes}
    parts: list[tuple[str, tuple[int, ...]]] = []
    place = 0
    for match in MARKER.finditer(text):
        markers = tuple(int(marker) for marker in match[1].split(","))
        if set(markers) <= known:
            parts.append((text[place : match.start()], markers))
            place = match.end()
    return [*parts, (text[place:], ())]
