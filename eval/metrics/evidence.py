"""How much of the evidence is in the retrieved passages, and how much of them is evidence, word by word.

The token recall and precision of Smith and Troynikov (2024, Evaluating Chunking Strategies for Retrieval)
where no offsets are known: texts are aligned instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

LEAST_RUN = 4
"""Words in a row that count as the evidence's own; fewer are found anywhere."""
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Coverage:
    """Words of the evidence and those of them that some passage holds; words of the passages and those of
    them that are evidence.
    """

    evidence: int
    found: int
    retrieved: int
    used: int

    @property
    def recall(self) -> float:
        """Share of the evidence that was retrieved; 0 without any."""
        return self.found / self.evidence if self.evidence else 0.0

    @property
    def precision(self) -> float:
        """Share of what was retrieved that is evidence; 0 without any."""
        return self.used / self.retrieved if self.retrieved else 0.0


def coverage_of(evidence: Sequence[str], passages: Sequence[str]) -> Coverage:
    """Align every piece of evidence with every passage, case and punctuation aside.

    Evidence that was cut in two is found where both parts are; a run of words shorter than LEAST_RUN counts
    only where it is the whole piece.
    """
    pieces = [_words(text) for text in evidence]
    texts = [_words(text) for text in passages]
    found = [set[int]() for _ in pieces]
    used = [set[int]() for _ in texts]
    for number, piece in enumerate(pieces):
        for place, text in enumerate(texts):
            for start, at, size in _runs(piece, text):
                found[number].update(range(start, start + size))
                used[place].update(range(at, at + size))
    return Coverage(sum(map(len, pieces)), sum(map(len, found)), sum(map(len, texts)), sum(map(len, used)))


def _runs(piece: Sequence[str], text: Sequence[str]) -> list[tuple[int, int, int]]:
    blocks = SequenceMatcher(None, piece, text, autojunk=False).get_matching_blocks()
    least = min(LEAST_RUN, len(piece))
    return [(block.a, block.b, block.size) for block in blocks if block.size >= max(1, least)]


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
