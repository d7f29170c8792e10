"""A question's words as a table or a passage may hold them: pieces of letters and of digits, stemmed.

"P-100", "P100" and "p 100" are the same two pieces, "1,200" is "1200", and "e-mail" is "email".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.text.words import STOP_WORDS, stem

_PIECE = re.compile(r"\d+(?:,\d{3})+(?!\d)|\d+(?:\.\d+)?|[^\W\d_]+|[°%$€£]")
_MAIL = re.compile(r"\be-(?=mail)", re.IGNORECASE)
_POSSESSIVE = re.compile(r"(?<=\w)(?:['’]s\b|['’](?=\s|$))")
_NOTHING = """
all any each every some own same very too per me us them must shall should why please tell show give
get let know find say says said want need needs would like use uses used using take takes took have
has had make makes go goes come comes hold holds held offer offers allow allows run runs keep keeps
belong belongs contain contains cost costs list lists listed table tables row column entry record
number numbers value amount figure current currently exact exactly much many often details
information data everything anything about according shown stated given called named name what's
who's where's when's someone person people does thing things one ones whats only just still now
there's s t re kind whole full
"""
_SAYING_NOTHING = frozenset(_NOTHING.split())


@dataclass(frozen=True, slots=True)
class Piece:
    """A word, or the letters or digits of one: its stem, the characters it stands at, whether it is written
    together with the next one, whether it says something, and whether it names something (a figure, a code, a
    capital inside of the sentence).
    """

    stem: str
    raw: str
    start: int
    end: int
    glued: bool
    telling: bool
    name: bool


def pieces(text: str) -> list[Piece]:
    """The pieces in order."""
    plain = _MAIL.sub("e", text)
    plain = _POSSESSIVE.sub(lambda match: " " * len(match[0]), plain)
    found = list(_PIECE.finditer(plain))
    return list(_pieces(plain, found))


def _pieces(text: str, found: Sequence[re.Match[str]]) -> Iterator[Piece]:
    shouted = text.isupper()
    for n, match in enumerate(found):
        raw = match[0].replace(",", "") if match[0][0].isdigit() else match[0]
        end = match.end()
        follows = n + 1 < len(found) and re.fullmatch(r"[-./_@]?", text[end : found[n + 1].start()])
        before = n > 0 and re.fullmatch(r"[-./_@]?", text[found[n - 1].end() : match.start()])
        code = bool(follows) and _is_code(match[0], found[n + 1][0])
        code = code or (bool(before) and _is_code(found[n - 1][0], match[0]))
        lower = raw.lower()
        initial = len(raw) == 1 and raw.isupper() and text[end : end + 1] == "."
        nothing = lower in STOP_WORDS or lower in _SAYING_NOTHING
        telling = code or initial or not nothing
        capital = raw[0].isupper() and n > 0 and not shouted
        named = telling and (code or initial or raw[0].isdigit() or capital)
        yield Piece(_stem(lower), lower, match.start(), end, bool(follows) and code, telling, named)


def _is_code(one: str, other: str) -> bool:
    return one[0].isdigit() != other[0].isdigit()


def _stem(word: str) -> str:
    return stem(word) if word[0].isalpha() else word.lstrip("0") or "0"


def telling(text: str) -> list[Piece]:
    """The pieces that say something; all of them where none does."""
    found = pieces(text)
    return [piece for piece in found if piece.telling] or found


def stems(text: str) -> frozenset[str]:
    """The stems of the pieces that say something."""
    return frozenset(piece.stem for piece in telling(text))
