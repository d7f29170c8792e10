"""How one word may have been typed for another: edits, each with what it costs.

The distance is that of Damerau and Levenshtein where no letter is edited twice (optimal string alignment). A
slip of finger or ear costs less than another letter: two letters in each other's place, one twice or once, a
key's neighbour, a vowel for a vowel, a letter that sounds alike (Kernighan, Church and Gale 1990,
https://aclanthology.org/C90-2036/, take such costs from counted slips).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf

SLIP = 0.7
"""Cost of an edit that is a likely slip; any other costs 1."""
LEFT_OUT = 0.9
"""Cost of a letter that is not there, which is more usual than one too many."""
DOUBLED = 0.5
"""Cost of a letter written twice, or once for twice."""

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_VOWELS = "aeiouy"
_ALIKE = ("ck", "cs", "sz", "kq", "gj", "fv", "mn", "dt", "bp", "vw", "xs")


def edit_distance(typed: str, word: str, most: int) -> int:
    """The fewest edits: a letter more, less or another, or two neighbours in each other's place; `most` + 1
    where they are more than that.
    """
    found = _aligned(typed, word, lambda a, b: 1.0, lambda text, n: 1.0, 1.0, 1.0, most)
    return most + 1 if found > most else round(found)


def edit_cost(typed: str, word: str) -> float:
    """The least cost of the edits."""
    return _aligned(typed, word, _replaced, _added, SLIP, LEFT_OUT, len(typed) + len(word))


def _aligned(
    typed: str,
    word: str,
    replaced: Callable[[str, str], float],
    added: Callable[[str, int], float],
    swapped: float,
    left_out: float,
    most: float,
) -> float:
    """The least cost; infinite where it surely exceeds `most`."""
    before: Sequence[float] = ()
    above = [0.0]
    for n in range(len(word)):
        above.append(above[-1] + left_out * added(word, n))
    for i, letter in enumerate(typed):
        row = [above[0] + added(typed, i)]
        for j, other in enumerate(word):
            best = min(
                above[j] + (0.0 if letter == other else replaced(letter, other)),
                above[j + 1] + added(typed, i),
                row[j] + left_out * added(word, j),
            )
            if i and j and letter != other and letter == word[j - 1] and other == typed[i - 1]:
                best = min(best, before[j - 1] + swapped)
            row.append(best)
        if min(row) > most and min(above) > most:
            return inf
        before, above = above, row
    return above[-1]


def _added(text: str, n: int) -> float:
    return DOUBLED if n and text[n] == text[n - 1] else 1.0


def _replaced(letter: str, other: str) -> float:
    alike = letter in _VOWELS and other in _VOWELS
    alike = alike or letter + other in _ALIKE or other + letter in _ALIKE
    return SLIP if alike or are_neighbours(letter, other) else 1.0


def are_neighbours(letter: str, other: str) -> bool:
    """Whether two letters lie side by side, or one above the other, on a QWERTY keyboard."""
    one, two = _place(letter), _place(other)
    return one is not None and two is not None and abs(one[0] - two[0]) <= 1 and abs(one[1] - two[1]) <= 1


def _place(letter: str) -> tuple[int, float] | None:
    """Row and column; each row stands half a key further right than the one above."""
    found = ((n, row.find(letter) + n / 2) for n, row in enumerate(_ROWS) if letter in row)
    return next(found, None)
