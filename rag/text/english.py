"""English words in use, and words that are well made of them: none of these is a typo.

The list is made by `lab.recipes.wordlist` from Wikipedia's and other open texts, frequent names among them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("english.json")
_LEAST_STEM, _LEAST_BARE = 4, 5
"""Letters of a word before an ending, and behind a prefix: `presure` is no sure thing beforehand."""
_PREFIXED = """
anti auto bio co counter cross cyber de dis down eco electro extra fore geo hyper in infra inter intra
macro mega meta micro mid mini mis mono multi neo non off on out over para photo poly post pre pro pseudo
re semi sub super tele thermo trans tri ultra un under uni up
"""
_ENDING = """
s es d ed ing er ers or ors ly ness less ful able ability ible ibility ist ists ism ity ment ments ship ry
ify ified ic ical ally al ation ations ative like wise ward wards hood dom ish y proof
"""
_PREFIXES, _SUFFIXES = _PREFIXED.split(), _ENDING.split()
_INFLECTIONS = ("s", "es", "d", "ed", "ing", "ly")


@cache
def english_words() -> frozenset[str]:
    """The list, in lower case."""
    return frozenset(json.loads(FILE.read_text(encoding="utf-8")))


def is_english(word: str) -> bool:
    """Whether a word in lower case is one of the list, or made of one by a prefix or endings."""
    words = english_words()
    return word in words or is_derived(word, words)


def is_derived(word: str, words: frozenset[str]) -> bool:
    """Whether the word is one of `words` with an ending, or with a prefix and at most an inflection."""
    if _has_ending(word, words, _SUFFIXES):
        return True
    bare = (word.removeprefix(prefix) for prefix in _PREFIXES if word.startswith(prefix))
    return any(
        len(one) >= _LEAST_BARE and (one in words or _has_ending(one, words, _INFLECTIONS)) for one in bare
    )


def _has_ending(word: str, words: frozenset[str], endings: Sequence[str]) -> bool:
    """Whether it is one of `words` with an ending; `make` and `stop` give `making` and `stopping`, `happy`
    `happily`.
    """
    for ending in endings:
        stem = word.removesuffix(ending)
        if len(stem) < _LEAST_STEM or stem == word:
            continue
        undoubled = stem[:-1] if stem[-1] == stem[-2] else stem
        if not words.isdisjoint((stem, f"{stem}e", f"{stem.removesuffix('i')}y", undoubled)):
            return True
    return False
