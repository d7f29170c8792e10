"""The parts of a sentence that say something by themselves, and the words that carry its meaning."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from rag.check.values import Value, values_in
from rag.text.words import FINITE, STOP_WORDS, stem

_WORD = re.compile(r"[^\W\d_]+(?:['’]t\b)?(?:[-–]?\d[\w-]*)?|\d[\w.,:/-]*")
_NEGATION = re.compile(
    r"\b(?:not|no|never|neither|nor|cannot|without|nicht|kein\w*|nie|niemals|ohne)\b|n['’]t\b", re.IGNORECASE
)
_LABEL = re.compile(r"[^\W\d_] [A-HJ-Z](?!\w)")
"""A capital letter behind a word: "line A"."""
_CONJUNCTION = re.compile(
    r"\s*;\s+|,?\s+(?:and|und|while|whereas|whilst|but|aber|sowie|während)\s+|,\s+(?!\d)", re.IGNORECASE
)
_GERMAN_STOP_WORDS = frozenset(
    ("der", "die", "das", "den", "dem", "des", "ein", "eine", "einen", "einem", "einer", "eines", "und",
     "oder", "im", "am", "auf", "aus", "bei", "mit", "von", "vom", "zu", "zum", "zur", "für", "um", "ist",
     "sind", "war", "waren", "wird", "werden", "wurde", "wurden", "hat", "haben", "hatte", "er", "sie",
     "es")
)  # fmt: skip
_INFLECTED = re.compile(r"[a-z]{2,}(?:ed|(?<![sui])s)")
_MOST_PARTS = 4
_FEWEST_SAID = 2
"""Words that tell something, and values, of a statement."""


def stems_of(text: str, values: Sequence[Value] = ()) -> tuple[str, ...]:
    """The content words of a text in order, stemmed; those inside its `values` are left out."""
    return tuple(found for _, found in placed_stems(text, values))


def placed_stems(text: str, values: Sequence[Value] = ()) -> Iterator[tuple[int, str]]:
    """The same with the place of each; `values` are in order."""
    ends = [value.end for value in values]
    for match in _WORD.finditer(text):
        n = bisect_left(ends, match.start() + 1)
        inside = n < len(values) and values[n].start <= match.start()
        word = match.group().lower()
        telling = word not in STOP_WORDS and word not in _GERMAN_STOP_WORDS
        if not inside and (telling or _LABEL.match(text, max(0, match.start() - 2))):
            yield match.start(), stem(word.rstrip(".,:/-"))


def is_negated(text: str) -> bool:
    """Whether a text denies something, in English or German."""
    return bool(_NEGATION.search(text))


def clauses(text: str) -> list[tuple[int, int]]:
    """Spans of the parts of a sentence that each hold a value and a word; all but the conjunctions."""
    values = values_in(text)
    starts, words = [value.start for value in values], [place for place, _ in placed_stems(text, values)]
    found: list[tuple[int, int]] = []
    begin = 0
    for match in _CONJUNCTION.finditer(text):
        first, last = match.start(), match.end()
        n = bisect_left(starts, first)
        if n and values[n - 1].end > first:
            continue
        begun = n > bisect_left(starts, begin) and _any_between(words, begin, first)
        if begun and n < len(values) and words and words[-1] >= last:
            found.append((begin, first))
            begin = last
    return [*found, (begin, len(text))]


def _any_between(places: Sequence[int], first: int, last: int) -> bool:
    n = bisect_left(places, first)
    return n < len(places) and places[n] < last


def conjuncts(sentence: str) -> list[str]:
    """The statements that a sentence joins ("A is red and B is blue"), each a sentence; none where it is one.

    A part without a subject of its own gets that of the first.
    """
    parts: list[str] = []
    begin = 0
    for match in _CONJUNCTION.finditer(sentence):
        if _is_statement(sentence[begin : match.start()]) and _is_statement(sentence[match.end() :]):
            parts.append(sentence[begin : match.start()])
            begin = match.end()
            if len(parts) == _MOST_PARTS:
                return []
    if not parts:
        return []
    parts.append(sentence[begin:])
    subject = _subject(parts[0])
    return [_whole(part, subject if n else "") for n, part in enumerate(parts)]


def _is_verb(word: str, place: int) -> bool:
    return word.lower() in FINITE or (place > 0 and bool(_INFLECTED.fullmatch(word)))


def _is_statement(text: str) -> bool:
    """Whether a part has a verb and says at least two things."""
    values = values_in(text)
    said = stems_of(text, values)
    plain = text
    for value in values:
        plain = f"{plain[: value.start]}{'0' * (value.end - value.start)}{plain[value.end :]}"
    verbs = (_is_verb(word.strip(".,;"), n) for n, word in enumerate(plain.split()))
    return bool(said) and len(said) + len(values) >= _FEWEST_SAID and any(verbs)


def _subject(part: str) -> str:
    words = part.split()
    verb = next((n for n, word in enumerate(words) if _is_verb(word, n)), 0)
    return " ".join(words[:verb])


def _whole(part: str, subject: str) -> str:
    part = part.strip().rstrip(".;,")
    first = part.split()[0]
    if subject and first.islower() and (first in FINITE or _INFLECTED.fullmatch(first)):
        part = f"{subject} {part}"
    return f"{part[:1].upper()}{part[1:]}."
