"""A question's typos, mended by the collection's own words.

A word is taken for a typo where neither the collection nor common English knows it in any form; the word of
the collection that it was most likely meant to be takes its place: frequent there, and few and likely slips
away (the noisy channel of Kernighan, Church and Gale 1990, https://aclanthology.org/C90-2036/). Numbers,
codes, identifiers and what is quoted stay as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import log

from rag.index.vocabulary import Vocabulary
from rag.text.edits import are_neighbours, edit_cost, edit_distance
from rag.text.english import is_english
from rag.text.words import QUOTING_STOP_WORDS
from rag.types import Span

_QUOTED = re.compile(r'"[^"]*"|“[^”]*”|«[^»]*»|„[^“]*“|`[^`]*`|(?<!\w)\'[^\']*\'(?!\w)')
_WORD = re.compile(r"(?<![\w./@:\\#$%&+=~*-])[^\W\d_]+(?=(?:['’]s)?(?![\w/@\\=*+#$&~-]|[.:]\w|['’]\w|\())")
_LEAST, _TWICE = 4, 8
"""Letters from which on a word may be one edit off, and two."""
_PER_EDIT = 6.0
"""How many times e a word must be more frequent to outweigh a cost of 1."""
_FIRST_LETTER = 0.4
"""Added cost of another first letter, which people seldom get wrong (Pollock and Zamora 1984,
https://doi.org/10.1145/358027.358048).
"""
_SPACE = 0.9
"""Cost of a missing space."""
_SHORTEST, _LEAST_CUT = 2, 5
"""Letters of a part, of two words without a space between them, and of both together."""
_LEAST_LIKELY, _PER_WORDS = -12.0, 0.7
"""The least logarithm that a word was meant, in a collection of 1000 words; more for each e times as many."""
_MARKS = " \t\n\"'“”‘’¿¡([-–—…"
_LAST_ALPHABET = "\u2e80"
"""From here on scripts do not spell words letter by letter."""


@dataclass(frozen=True, slots=True)
class Speller:
    """Mends questions to one collection."""

    vocabulary: Vocabulary

    def corrected(self, question: str) -> str:
        """The question as it was most likely meant; the same text where nothing is to be mended."""
        text, done = "", 0
        for span in self._joined(question, _words(question)):
            typed = question[span.start : span.end]
            meant = self._meant(typed, inside=bool(question[: span.start].strip(_MARKS)))
            text += question[done : span.start] + (meant or typed)
            done = span.end
        return text + question[done:]

    def _joined(self, question: str, spans: list[Span]) -> list[Span]:
        """The words' spans, two of them as one where a space has slipped into a word of the collection."""
        found: list[Span] = []
        for span in spans:
            last = found[-1] if found else None
            if last and question[last.end : span.start] == " " and self._is_cut(question, last, span):
                found[-1] = Span(last.start, span.end)
            else:
                found.append(span)
        return found

    def _is_cut(self, question: str, one: Span, other: Span) -> bool:
        parts = [question[span.start : span.end].lower() for span in (one, other)]
        if any(part in QUOTING_STOP_WORDS or len(part) < _SHORTEST for part in parts):
            return False
        unknown = not all(self.vocabulary.knows(part) for part in parts)
        return unknown and self.vocabulary.frequency("".join(parts)) > 0

    def _meant(self, typed: str, *, inside: bool) -> str | None:
        """The word or the two that stand for a typo; None for what is none, or nothing is like. `inside` says
        that other words stand before it, where a capital letter makes a name.
        """
        if " " in typed:
            return _cased("".join(typed.split()).lower(), typed)
        word = typed.lower()
        if not self._is_typo(typed, word):
            return None
        found = self._cut(word) if len(word) >= _LEAST_CUT else []
        found += self._like(word, name=inside and typed[0].isupper())
        for _, meant in sorted(found, reverse=True):
            if all(part in QUOTING_STOP_WORDS or self.vocabulary.frequency(part) for part in meant.split()):
                return _cased(meant, typed)
        return None

    def _is_typo(self, typed: str, word: str) -> bool:
        plain = typed in (word, word.capitalize()) and len(word) >= _LEAST and typed < _LAST_ALPHABET
        return plain and not (word in QUOTING_STOP_WORDS or is_english(word) or self.vocabulary.knows(word))

    def _like(self, word: str, *, name: bool) -> list[tuple[float, str]]:
        """The words that this one may have been, with the logarithm of how likely that is."""
        edits = 2 if len(word) >= _TWICE and not name else 1
        found = []
        for other, frequency in [*self._stop_words(word), *self.vocabulary.near(word, edits)]:
            if edit_distance(word, other, edits) <= edits and not (name and _is_another_name(word, other)):
                cost = edit_cost(word, other) + (_FIRST_LETTER if word[0] != other[0] else 0.0)
                found.append((log(frequency) - _PER_EDIT * cost, other))
        return [one for one in found if one[0] >= self._least]

    def _stop_words(self, word: str) -> list[tuple[str, int]]:
        """The vocabulary has none; each counts as its most frequent word."""
        often = int(self.vocabulary.frequencies.max(initial=1))
        return [(other, often) for other in QUOTING_STOP_WORDS if abs(len(other) - len(word)) <= 1]

    @property
    def _least(self) -> float:
        """How likely it has to be: the more words there are, the more are like any other by chance."""
        return _LEAST_LIKELY + _PER_WORDS * log(max(1, len(self.vocabulary.words) / 1000))

    def _cut(self, word: str) -> list[tuple[float, str]]:
        """The ways in which it is two words without the space, as `_like`."""
        found = []
        for n in range(_SHORTEST, len(word) - _SHORTEST + 1):
            parts = word[:n], word[n:]
            telling = [part for part in parts if part not in QUOTING_STOP_WORDS]
            least = _LEAST if len(telling) == 2 else _SHORTEST if not telling else _SHORTEST + 1
            if all(len(part) >= least for part in parts):
                often = [self.vocabulary.frequency(part) for part in telling]
                if all(often):
                    found.append((log(min(often, default=1)) - _PER_EDIT * _SPACE, " ".join(parts)))
        return found


def _words(question: str) -> list[Span]:
    """Where its plain words stand: no codes, no identifiers, nothing that is quoted."""
    quoted = [match.span() for match in _QUOTED.finditer(question)]
    found = (Span(*match.span()) for match in _WORD.finditer(question))
    return [word for word in found if not any(start <= word.start < end for start, end in quoted)]


def _is_another_name(typed: str, name: str) -> bool:
    """Whether two names differ as those of two people or places do: in a letter that no finger mistook."""
    if typed[0] != name[0]:
        return True
    differing = [(a, b) for a, b in zip(typed, name, strict=False) if a != b]
    return len(typed) == len(name) and len(differing) == 1 and not are_neighbours(*differing[0])


def _cased(meant: str, typed: str) -> str:
    return meant[0].upper() + meant[1:] if typed[0].isupper() else meant
