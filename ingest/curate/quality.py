"""Text that was read badly: noise of character recognition, and debris of wrong encodings."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ftfy.badness import BADNESS_RE

from rag.types import Finding

NOISE = 0.1  # share of the words that look misread
DEBRIS = 0.01  # of the characters, in sequences that only a wrong encoding makes
LEAST = 12  # words of a passage whose words are counted

_BROKEN = re.compile("[\ufffd\x00-\x08\x0b\x0e-\x1f\x7f]")
_WORD = re.compile(r"\S+")
_EDGES = "\"'“”‘’«»()[]{}<>.,;:!?*_`~–—-…/|#"
_IDENTIFIER = re.compile(r"[_/\\.@=$%&#:<>{}()\[\]+*]|[a-z][A-Z]|^[A-Z0-9-]+$|^\d")
_INSIDE = re.compile(r"[^\W\d_][|!\]\[}{~^¢£¥§©®°«»\"*][^\W_]|[^\W\d_]\d[^\W\d_]")
_LATIN = re.compile(r"^[a-zA-Z]+$")
_BEYOND_LATIN = "\u0250"
_VOWEL = re.compile(r"[aeiouyAEIOUY]")
_RUN = re.compile(r"(.)\1\1|[bcdfghjklmnpqrstvwxz]{6}", re.IGNORECASE)


def find(text: str) -> Finding | None:
    """What there is to say of a passage that was read badly."""
    debris = _debris(text)
    if debris >= DEBRIS:
        return Finding("low_quality", f"{debris:.0%} of it is debris of a wrong encoding")
    noise = _noise(text)
    if noise >= NOISE:
        return Finding("low_quality", f"{noise:.0%} of its words look misread")
    return None


def _debris(text: str) -> float:
    """The share of characters in sequences that mojibake is made of, see `ftfy.badness`."""
    broken = len(_BROKEN.findall(text)) + sum(len(found) for found in _mojibake(text))
    return broken / max(1, len(text))


def _mojibake(text: str) -> Sequence[str]:
    return [match.group() for match in BADNESS_RE.finditer(text)] if not text.isascii() else []


def _noise(text: str) -> float:
    words = [word.strip(_EDGES) for word in _WORD.findall(text)]
    words = [word for word in words if len(word) > 1 and _is_word(word)]
    if len(words) < LEAST:
        return 0.0
    return sum(_is_odd(word) for word in words) / len(words)


def _is_word(word: str) -> bool:
    """Whether there are Latin letters in it and no others, and it is no path, number or name in code."""
    letters = [character for character in word if character.isalpha()]
    return bool(letters) and max(letters) < _BEYOND_LATIN and not _IDENTIFIER.search(word)


def _is_odd(word: str) -> bool:
    """Whether a word looks misread rather than like a word, a name, an abbreviation or an identifier."""
    if _INSIDE.search(word) or _RUN.search(word):
        return True
    return bool(_LATIN.match(word)) and len(word) > 3 and word.islower() and not _VOWEL.search(word)
