"""Exact match and token F1 as SQuAD's own script counts them (evaluate-v2.0.py, Rajpurkar et al. 2018)."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(a|an|the)\b", re.UNICODE)


def normalised(text: str) -> str:
    """Lower case, without punctuation, articles and extra space."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def exact_match(answers: Sequence[str], said: str) -> float:
    """1 when one of the answers is what was said, else 0. Without an answer only silence is right."""
    return max(float(normalised(one) == normalised(said)) for one in _gold(answers))


def token_f1(answers: Sequence[str], said: str) -> float:
    """The harmonic mean of precision and recall of words, against the answer that fits best."""
    return max(_f1(normalised(one).split(), normalised(said).split()) for one in _gold(answers))


def token_recall(answer: str, said: str) -> float:
    """Share of the answer's words, with their number, that were said; 1 for an answer without any."""
    gold = Counter(normalised(answer).split())
    return sum((gold & Counter(normalised(said).split())).values()) / gold.total() if gold else 1.0


def _gold(answers: Sequence[str]) -> list[str]:
    """The answers of which something is left when normalised; one that is empty when none is."""
    return [one for one in answers if normalised(one)] or [""]


def _f1(gold: Sequence[str], said: Sequence[str]) -> float:
    if not gold or not said:
        return float(list(gold) == list(said))
    both = sum((Counter(gold) & Counter(said)).values())
    return 2 * both / (len(gold) + len(said))
