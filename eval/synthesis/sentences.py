"""The sentences of a passage that a question can be made of: whole, plain, and understood by themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.answer.tables import is_row
from rag.text.sentences import evidence_sentences

_LEAST_WORDS, _MOST_WORDS = 5, 45

_CODE = re.compile(r"[{}<>=|\\\[\]`~^]|https?://|://|\w\(\)|\bcurl\b|^\s*(?:GET|PUT|POST|DELETE|HEAD)\s")


_BULLET = re.compile(r"^(?:[-*+•‣◦–]|\(?\d{1,3}[.)])\s+")


_POINTING = re.compile(
    r"\b(this|these|those|here|(?:above|below)(?! (?:the|an?|\d))|following|preceding|previous|previously"
    r"|aforementioned|latter|former|i|we|our|us|my|me|he|she|him|his|her|hers|ours)\b",
    re.IGNORECASE,
)


_REFERRING = re.compile(
    r"\b(see|refer to|for (?:more|further|additional) information|for example|e\.g\.|i\.e\.)", re.I
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence without its full stop, and its span in the passage's text."""

    text: str
    start: int
    end: int


def plain(text: str) -> str:
    """One line without the marks of tokenised corpora ("@-@", a space before a comma)."""
    text = re.sub(r" @([-,.])@ ", r"\1", " ".join(text.split()))
    text = re.sub(r"\s+([,.;:!?%)\]]|['’]s\b|n['’]t\b)", r"\1", text)
    text = re.sub(r"s (['’]) (?=[a-z])", r"s\1 ", text)
    text = re.sub(r'" ([^"]+) "', r'"\1"', text)
    return re.sub(r"([(\[])\s+", r"\1", text)


def sentences_of(text: str) -> Iterator[Sentence]:
    """The usable sentences."""
    for start, end in evidence_sentences(text):
        raw = text[start:end]
        if is_row(raw):
            continue
        found = plain(_BULLET.sub("", raw))
        if _is_usable(found):
            yield Sentence(found.rstrip(" .").strip(), start, end)


def stands_alone(text: str) -> bool:
    """Whether a text points at nothing outside itself."""
    return not _POINTING.search(text) and not _REFERRING.search(text)


def _is_usable(text: str) -> bool:
    words = text.split()
    whole = text.endswith(".") and not text.endswith("..") and (text[:1].isupper() or text[:1].isdigit())
    fits = _LEAST_WORDS <= len(words) <= _MOST_WORDS and not _CODE.search(text) and "<unk>" not in text
    balanced = text.count("(") == text.count(")") and text.count('"') % 2 == 0
    return whole and fits and balanced and ":" not in text and ";" not in text
