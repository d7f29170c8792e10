"""Text as it is searched: forms of a letter that mean the same become one, unspaced scripts get words.

Compatibility forms (full-width, ligatures, presentation forms) and decomposed letters become the usual ones
(NFKC), marks that stand for no letter go (accents that do not compose, vowel points, soft hyphens, zero-width
characters). Chinese, Japanese, Korean, Thai, Lao, Khmer and Burmese become overlapping pairs of letters, the
usual way to find their words without a dictionary (Lucene's CJKBigramFilter does so); a text holds the single
letters as well, so that a word of one letter is found. Every character knows where it came from.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

_IGNORED = (
    "\u00ad\u034f\u061c\u0640\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff"
)
_JOINED = re.compile(f"[{_IGNORED}]")
_HAN = "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KANA, _HANGUL = (
    "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff",
    "\uac00-\ud7a3\u1100-\u11ff",
)
_SOUTHEAST = "\u0e01-\u0e4e\u0e80-\u0ece\u1000-\u104a\u1050-\u109d\u1780-\u17d3"
_RUN = re.compile(f"[{_HAN}{_KANA}{_HANGUL}]+|[{_SOUTHEAST}]+")
_ODD = re.compile(f"[{_IGNORED}\u0130\u03c2]")
# Vowels and marks of these scripts that stand above, below or behind their letter, not before it.
_SET_AROUND = re.compile(
    "[\u0e30-\u0e3a\u0e45\u0e47-\u0e4e\u0eb0-\u0ebd\u0ec8-\u0ece\u102b-\u103e\u1056-\u1059\u17b6-\u17d3]"
)
# Letters below that take the marks above them when they compose: combining marks, jamo, half-width voicing.
_CLUSTER = re.compile(
    "[\u1100-\u11ff]+|.[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff"
    "\u20d0-\u20ff\u3099\u309a\ufe20-\ufe2f\uff9e\uff9f]*",
    re.DOTALL,
)
_VOWELS = (103, 118)  # combining classes of vowels, Thai and Lao: letters, though set below others
_ALIKE = {"\u0130": "i", "\u03c2": "σ"}


@dataclass(frozen=True, slots=True)
class Folded:
    """Text for a word splitter; character `i` of it stands for `[starts[i], ends[i])` of what it was made of.

    Both are None where nothing changed.
    """

    text: str
    starts: Sequence[int] | None = None
    ends: Sequence[int] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the original text behind `text[start:end]`."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


def folded(text: str, *, singles: bool) -> Folded:
    """The text as it is searched; with `singles` (for what is searched in) each letter of a script without
    spaces is a word besides its pairs, without (for a query) only one that stands alone is.
    """
    if text.isascii():
        return Folded(text)
    usual = unicodedata.is_normalized("NFKC", text) and not _ODD.search(text) and not _marked(text)
    if usual and not _RUN.search(text):
        return Folded(text)
    return _paired(_same(text) if usual else _normalized(text), singles)


@dataclass(frozen=True, slots=True)
class _Letters:
    """Characters and what each stands for, being gathered."""

    characters: list[str]
    starts: list[int]
    ends: list[int]

    def add(self, characters: str, start: int, end: int) -> None:
        """Characters that all stand for the same stretch."""
        self.characters.extend(characters)
        self.starts.extend([start] * len(characters))
        self.ends.extend([end] * len(characters))

    def take(self, other: _Letters, start: int, end: int) -> None:
        """A stretch of what was gathered elsewhere."""
        self.characters.extend(other.characters[start:end])
        self.starts.extend(other.starts[start:end])
        self.ends.extend(other.ends[start:end])


def _same(text: str) -> _Letters:
    return _Letters(list(text), list(range(len(text))), list(range(1, len(text) + 1)))


def _normalized(text: str) -> _Letters:
    letters = _Letters([], [], [])
    for cluster in _CLUSTER.finditer(text):
        letters.add(_normal(cluster[0]), cluster.start(), cluster.end())
    return letters


def _normal(cluster: str) -> str:
    """One letter with its marks in the usual form; symbols made of letters (™, ㎏) stand apart from words."""
    if len(cluster) == 1 and cluster.isascii():
        return cluster
    if cluster in _ALIKE:
        return _ALIKE[cluster]
    text = unicodedata.normalize("NFKC", _JOINED.sub("", cluster))
    if unicodedata.category(cluster[0]) == "So" and text != cluster:
        return f" {text} "
    if cluster[0] in "Iİ" and "\u0307" in text:
        return "i"
    return "".join(_ALIKE.get(letter, letter) for letter in text if not _is_mark(letter))


def _marked(text: str) -> bool:
    return any(map(_is_mark, set(text)))


def _is_mark(letter: str) -> bool:
    """A mark that is no letter by itself, and changes none when left out."""
    kind = unicodedata.combining(letter)
    return kind != 0 and kind not in _VOWELS


def _paired(letters: _Letters, singles: bool) -> Folded:
    """Runs of scripts without spaces as words of two letters, and of one."""
    text, out, end = "".join(letters.characters), _Letters([], [], []), 0
    for run in _RUN.finditer(text):
        out.take(letters, end, run.start())
        for first, last in _words(text, run.start(), run.end(), singles):
            out.add(" ", letters.starts[first], letters.starts[first])
            out.take(letters, first, last)
        end = run.end()
        out.add(" ", letters.ends[end - 1], letters.ends[end - 1])
    out.take(letters, end, len(text))
    return Folded("".join(out.characters), out.starts, out.ends)


def _words(text: str, start: int, end: int, singles: bool) -> list[tuple[int, int]]:
    """Letters with what is set around them, in pairs, and alone where that is asked for or all there is."""
    bounds = [at for at in range(start, end) if at == start or not _SET_AROUND.match(text, at)] + [end]
    alone, pairs = list(pairwise(bounds)), list(zip(bounds, bounds[2:], strict=False))
    return sorted([*alone, *pairs]) if singles else pairs or alone
