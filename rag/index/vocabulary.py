"""The words of a collection with their frequencies, and those among them that are spelt like another word."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_LETTERS = 3
MOST_LETTERS = 24
"""Shorter and longer words are no spelling that could be told from another."""
_LETTERS = 32
"""Columns of the letter counts: a to z, and six that the other letters share."""
_CODE_A, _CODE_Z = ord("a"), ord("z")


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """A collection's words, lower-cased, and in how many chunks each stands.

    `frequencies` may count chunks that were deleted just now, `frequency` counts those alone that are there.
    `knows` says whether a word, or another form of it, stands in a chunk. `letters` [words, 32] counts each
    word's letters, `lengths` [words] all of them.
    """

    words: tuple[str, ...]
    frequencies: NDArray[np.int64]
    letters: NDArray[np.int8]
    lengths: NDArray[np.int16]
    frequency: Callable[[str], int]
    knows: Callable[[str], bool]

    @classmethod
    def of(
        cls,
        counted: Iterable[tuple[str, int]],
        frequency: Callable[[str], int],
        knows: Callable[[str], bool],
    ) -> Vocabulary:
        """From words and their frequencies; what is no word of letters is left out."""
        kept = [(w, n) for w, n in counted if LEAST_LETTERS <= len(w) <= MOST_LETTERS and w.isalpha()]
        words = tuple(word for word, _ in kept)
        frequencies = np.fromiter((n for _, n in kept), np.int64, len(kept))
        lengths = np.fromiter(map(len, words), np.int16, len(words))
        return cls(words, frequencies, _letter_counts(words, lengths), lengths, frequency, knows)

    def near(self, word: str, edits: int) -> list[tuple[str, int]]:
        """The words that may be within that many edits of this one, with their frequencies.

        Each edit (Damerau 1964, https://doi.org/10.1145/363958.363994) takes away one letter at most and adds
        one at most, so that more different letters rule a word out; their order is not looked at.
        """
        longer = np.abs(self.lengths - len(word))
        sized = np.flatnonzero(longer <= edits)
        wanted = _letter_counts([word], np.array([len(word)], np.int16))[0]
        different = np.abs(self.letters[sized] - wanted).sum(1, dtype=np.int16)
        # of the different letters so many more are on one side as it is longer
        found = sized[(different + longer[sized]) // 2 <= edits]
        return [(self.words[n], int(self.frequencies[n])) for n in found.tolist()]


def _letter_counts(words: Sequence[str], lengths: NDArray[np.int16]) -> NDArray[np.int8]:
    codes = np.frombuffer("".join(words).encode("utf-32-le"), np.uint32).astype(np.int64)
    latin = (codes >= _CODE_A) & (codes <= _CODE_Z)
    columns = np.where(latin, codes - _CODE_A, 26 + codes % (_LETTERS - 26))
    rows = np.repeat(np.arange(len(words)), lengths)
    counts = np.bincount(rows * _LETTERS + columns, minlength=len(words) * _LETTERS)
    return counts.reshape(len(words), _LETTERS).astype(np.int8)
