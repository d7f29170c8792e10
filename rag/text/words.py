"""Words as they are written, and the English ones that say nothing by themselves, a list for each use.

The lexical index has lists of its own, Tantivy's for each language that it stems: see `rag.index.tantivy`.
"""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_LEAST_LETTERS = 3

_COMMON = """
a an the of in on at to for from by with as into about and or but if so than then not no also such
is are was were be been being has have had do does did will would can could may might there
it its this that these those he she they we you i his her their our your my
which who whom whose what when where how
"""
_DEGREE_AND_PLACE = """
all any each more most other some only own same very too per
up down over under out me them must shall should why
"""

STOP_WORDS = frozenset(_COMMON.split())
"""The common list. The features of the shipped checker and reader were fitted with it: a word more or less
changes what they say.
"""

QUOTING_STOP_WORDS = STOP_WORDS | frozenset(_DEGREE_AND_PLACE.split())
"""For finding the sentence that a claim should quote, where words of degree and place say nothing either."""

NEGATIONS = frozenset(
    ("no", "not", "never", "none", "nobody", "nothing", "neither", "nor", "cannot", "without", "n't",
     "hardly", "barely", "unlikely", "false")
)  # fmt: skip

FINITE = frozenset(
    ("is", "are", "was", "were", "has", "have", "had", "can", "could", "will", "would", "must", "may",
     "might", "shall", "should", "does", "do", "did", "cost", "got", "ran", "run", "made", "built",
     "began", "held", "sold", "kept", "left", "lost", "met", "paid", "put", "read", "saw", "sat", "set",
     "took", "won", "ist", "sind", "war", "waren", "hat", "haben", "hatte", "hatten", "kann", "können",
     "muss", "müssen", "soll", "darf", "wird", "werden", "wurde", "wurden", "kostet", "kosten", "wiegt",
     "wiegen", "liegt", "liegen", "läuft", "laufen", "hält", "fasst", "öffnet", "schließt", "beginnt",
     "endet", "steht", "braucht")
)  # fmt: skip
"""Verbs whose form does not show that they are finite."""


def split_words(text: str) -> list[str]:
    """The words in order, as they are written; numbers and the punctuation of code are none."""
    return _WORD.findall(text)


def is_content_word(word: str) -> bool:
    """Whether a word tells anything: at least three letters, and no stop word."""
    return len(word) >= _LEAST_LETTERS and word.lower() not in STOP_WORDS


def content_words(text: str) -> list[str]:
    """The words that tell something, in order."""
    return [word for word in split_words(text) if is_content_word(word)]


def stem(word: str) -> str:
    """A light English stem: enough to match `rates` with `rated`."""
    for ending in ("ingly", "edly", "ings", "ing", "ied", "ies", "ed", "es", "s", "ly"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)].rstrip("e") + ("i" if ending in ("ied", "ies") else "")
    return word.rstrip("e") if len(word) > 3 else word
