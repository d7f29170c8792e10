"""Words in common: how much of a claim a passage holds, and which of its sentences says it."""

from __future__ import annotations

import re

from rag.text.sentences import split_sentences
from rag.text.words import QUOTING_STOP_WORDS
from rag.types import Span

_WORD = re.compile(r"\w+(?:[.,]\d+)*")
_SECOND_SENTENCE_GAIN = 0.34
"""How much more of the claim two neighbouring sentences must cover before both are quoted."""


def content_words(text: str) -> frozenset[str]:
    """The words that carry meaning, in lower case and without a plural s."""
    words = (word.lower() for word in _WORD.findall(text))
    return frozenset(_singular(word) for word in words if word not in QUOTING_STOP_WORDS)


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
    sentences = split_sentences(passage)
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
