"""SQuAD's answer measures, and the trivial reader that a trained one has to beat."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

from rag.models.alignment import sentence_spans


def normalise(answer: str) -> list[str]:
    """Lower-case words without punctuation and articles (Rajpurkar et al. 2016)."""
    bare = "".join(" " if c in string.punctuation else c for c in answer.lower())
    return [w for w in re.sub(r"\b(a|an|the)\b", " ", bare).split() if w]


def f1(said: str, gold: str) -> float:
    """Token F1 of two answers; two empty ones agree."""
    ours, theirs = Counter(normalise(said)), Counter(normalise(gold))
    if not ours or not theirs:
        return float(ours == theirs)
    shared = sum((ours & theirs).values())
    return 2 * shared / (sum(ours.values()) + sum(theirs.values()))


def best_f1(said: str, golds: Sequence[str]) -> float:
    """The best F1 over several right answers; with none, only silence is right."""
    return max((f1(said, gold) for gold in golds), default=float(not normalise(said)))


def exact(said: str, golds: Sequence[str]) -> float:
    """1 when the answer equals one of the right ones after normalisation."""
    return float(any(normalise(said) == normalise(gold) for gold in golds))


def first_sentence(passage: str) -> str:
    """The trivial reader: whatever is asked, the passage's first sentence."""
    start, end = sentence_spans(passage)[0]
    return passage[start:end]
