"""The language that a passage is in, by the naive Bayes model of py3langid: no network, no chance."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from rag.types import Finding

LEAST = 40  # letters of a passage that is looked at
SURE = 0.7  # probability of a language, as far as it goes with naive Bayes

_NO_LETTERS = re.compile(r"[\d|*#~^+\"()\[\],;:!?]+")
_CODE = re.compile(r"`[^`]*`|https?://\S+|\S*[_/\\{}<>=@#$|]\S*")


def detect(text: str) -> tuple[str, float] | None:
    """The ISO 639-1 code and its probability; None for too few words, e.g. in a table or in code."""
    words = " ".join(_NO_LETTERS.sub(" ", _CODE.sub(" ", text)).split())
    if len(words.replace(" ", "")) < _least(words):
        return None
    code, probability = _model().classify(words)
    return str(code), float(probability)


def find(text: str, expected: Collection[str]) -> Finding | None:
    """What there is to say of a passage that is surely in none of the languages expected."""
    found = detect(text) if expected else None
    if found is None or found[0] in expected or found[1] < SURE:
        return None
    return Finding("language", f"reads as {found[0]!r}, not as {' or '.join(sorted(expected))}")


def languages() -> frozenset[str]:
    """The codes that can be told apart."""
    return frozenset(_model().labels)


def _least(words: str) -> int:
    """A character of Chinese, Japanese or Korean says as much as several letters."""
    return LEAST // 4 if any("\u3040" <= character <= "\ud7a3" for character in words) else LEAST


@cache
def _model() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
