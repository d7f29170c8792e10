"""Passages with what an answer quotes of them marked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from eval.report.html import Part, join, tag
from eval.runs.record import Footnote, Passage, Row

LONGEST, LONGEST_QUOTE = 700, 2000
SPARED = 100
"""Characters that are not cut off for their own sake."""
BEFORE = 160
"""Characters that are kept before the first quote of a passage that is cut."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """A span of a passage and the marker of the footnote that quotes it."""

    start: int
    end: int
    marker: int


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


def excerpt(passage: Passage, spans: Sequence[Quoted], longest: int = LONGEST) -> Markup:
    """The text with quotes marked, cut to `longest` characters around the first of them, with notes of how
    much was left out.
    """
    text, start = passage.text, 0
    longest = longest if len(text) > longest + SPARED else len(text)
    if spans and len(text) > longest:
        start = min(max(0, spans[0].start - BEFORE), max(0, len(text) - longest))
    end = min(len(text), start + longest)
    parts: list[Part] = []
    place = start
    for span in spans:
        if span.start >= end:
            break
        inside = text[span.start : min(span.end, end)]
        parts += [_dense(text[place : span.start]), tag("mark", inside, tag("sup", f"[{span.marker}]"))]
        place = min(span.end, end)
    return join(
        [
            _left_out(start, before=True),
            tag("bdi", *parts, _dense(text[place:end])),
            _left_out(len(text) - end, before=False),
        ]
    )


def _dense(text: str) -> str:
    """Without empty lines."""
    return re.sub(r"\n\s*\n", "\n", text)


def _left_out(characters: int, *, before: bool) -> Markup | None:
    if characters <= 0:
        return None
    note = f"{characters:,} more characters … " if before else f" … {characters:,} more characters"
    return tag("span", note, class_="note")
