"""Words in common: how much of a claim a passage holds, and which of its sentences says it."""

from __future__ import annotations

import re

from rag.sentences import split
from rag.types import Span

_WORD = re.compile(r"\w+(?:[.,]\d+)*")
_FUNCTION_WORDS = """
a an the of to in on at by for with from and or but not no is are was were be been being it its this that
these those as if then than so such has have had do does did can could will would shall should may might
must there their they them he she his her we our you your i my me who whom whose which what when where
why how into out up down over under about per each any all more most other some only own same too very
also
"""
_COMMON = frozenset(_FUNCTION_WORDS.split())
_SECOND_SENTENCE_GAIN = 0.34
"""How much more of the claim two neighbouring sentences must cover before both are quoted."""


def content_words(text: str) -> frozenset[str]:
    """The words that carry meaning, in lower case and without a plural s."""
    words = (word.lower() for word in _WORD.findall(text))
    return frozenset(_singular(word) for word in words if word not in _COMMON)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def coverage(claim: frozenset[str], words: frozenset[str]) -> float:
    """Share of the claim's words that `words` holds, 0 to 1."""
    return len(claim & words) / len(claim) if claim else 0.0


def support_span(claim: str, passage: str) -> Span:
    """The sentence of `passage` that shares most words with `claim`, or two neighbours where that tells more.

    The whole passage (trimmed) where no sentence shares any word.
    """
    wanted = content_words(claim)
    sentences = split(passage)
    words = [content_words(passage[s.start : s.end]) for s in sentences]
    scores = [coverage(wanted, w) - 0.001 * len(w) for w in words]
    if not scores or max(scores) <= 0:
        return Span(len(passage) - len(passage.lstrip()), len(passage.rstrip()))
    best = scores.index(max(scores))
    pairs = [
        (coverage(wanted, words[n] | words[best]), n) for n in (best - 1, best + 1) if 0 <= n < len(words)
    ]
    gain, neighbour = max(pairs, default=(0.0, best))
    if gain < coverage(wanted, words[best]) + _SECOND_SENTENCE_GAIN:
        neighbour = best
    return Span(sentences[min(best, neighbour)].start, sentences[max(best, neighbour)].end)
