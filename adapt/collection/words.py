"""Words of a collection and how rare they are."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rag.models.alignment import STOP_WORDS, stem

_WORD = re.compile(r"[^\W\d_][\w'’-]*")


def words_of(text: str) -> list[str]:
    """Words in order, as they are written; numbers and code punctuation are none."""
    return _WORD.findall(text)


def is_content(word: str) -> bool:
    """Whether a word tells anything."""
    return len(word) > 2 and word.lower() not in STOP_WORDS


@dataclass(frozen=True)
class Rarity:
    """How rare a word is among the passages: ln(passages / passages with its stem)."""

    found: Counter[str]
    passages: int

    @classmethod
    def of(cls, passages: Sequence[str]) -> Rarity:
        """Count over these passages."""
        found = Counter(s for text in passages for s in {stem(word.lower()) for word in words_of(text)})
        return cls(found, len(passages))

    def __call__(self, word: str) -> float:
        return math.log((self.passages + 1) / (self.found[stem(word.lower())] + 0.5))
