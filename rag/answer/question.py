"""What a question asks for, by its words: the shape that its answer has, the parts that it has itself.

Rules on the words alone, English ones, after the question types of Li and Roth (2002,
https://aclanthology.org/C02-1150/); a question that no rule knows asks for a passage.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from rag.text.words import content_words

Shape = Literal["steps", "list", "choice", "definition", "reason", "value", "passage", "keywords"]
"""`choice` is answered by yes, no or a side; `keywords` are the few words of a search box."""

_WH = re.compile(
    r"\b(?:who|whom|whose|what|what's|which|when|where|why|how|is|are|do|does|did|can|could|will|would|should|"
    r"may|must|has|have|had|was|were|am|if|whether)\b",
    re.IGNORECASE,
)
_MEASURES = (
    "many|much|long|often|old|big|large|high|far|fast|soon|late|early|tall|deep|wide|heavy|short|small|close|"
    "likely"
)
_VALUES = (
    r"number|amount|percent\w*|share|date|year|time|day|port|rate|price|version|e-?mail|address|phone|url|value|"
    "size|length|name|maximum|minimum|limit|default|deadline|cost"
)
_AUXILIARIES = "is|are|am|do|does|did|can|could|will|would|should|may|might|must|has|have|had|was|were"
_PATTERNS: tuple[tuple[Shape, tuple[str, ...]], ...] = (
    (
        "value",
        (
            rf"\bhow (?:{_MEASURES})\b",
            rf"\b(?:what|which) (?:{_VALUES})\b",
            rf"\bwhat(?:'s| is) the (?:{_VALUES})\b",
            r"^(?:who|when|where)\b",
        ),
    ),
    ("reason", (r"\bwhy\b", r"\bwhat(?:'s| is| are)? the (?:reason|purpose|point)\b", r"\bhow come\b")),
    (
        "steps",
        (
            r"\bhow (?:do|can|could|should|would|might|am|does) (?:i|we|you|one|they|someone|an?|the|my)\b",
            r"\bhow to\b|\bsteps?\b|\bprocedure\b|\binstructions?\b|\bwalk me through\b",
            r"\bwhat (?:do|should|must) (?:i|we) do\b",
            r"\bwhat(?:'s| is) the (?:process|way) (?:to|for)\b",
        ),
    ),
    (
        "list",
        (
            r"\b(?:list|name|enumerate) (?:all|the|every|some)\b|\bwhat are (?:the|all|some|my)\b",
            r"\bwhat (?:all|kinds?|types?|sorts?|things|items)\b",
            r"\bwhich (?:\w+ ){0,2}\w+s (?:are|do|can|have|should|must|does|did|were)\b",
            r"\bwhat (?:\w+ )?\w+s (?:are|do|can|should|must|were)\b",
        ),
    ),
    (
        "definition",
        (
            r"^(?:what|who)(?:'s| is| are| does) (?:an? |the )?[\w' /().-]{2,40}\??$",
            r"\bmean(?:s|ing)?\b|\bstand for\b|\bdefin\w+\b",
        ),
    ),
    ("choice", (rf"^(?:so,? |and |but |ok,? )?(?:{_AUXILIARIES})\b",)),
)
_RULES = [(shape, re.compile("|".join(forms), re.IGNORECASE)) for shape, forms in _PATTERNS]
_FEWEST = 4


def shape_of(question: str) -> Shape:
    """The shape of a question's answer, by the first rule that its words fit."""
    asked = question.strip()
    if len(asked.split()) < _FEWEST and not _WH.search(asked):
        return "keywords"
    return next((shape for shape, pattern in _RULES if pattern.search(asked)), "passage")


_LEANING = re.compile(
    r"\b(?:it|its|they|them|their|he|she|him|his|her|this|that|these|those|there|one|ones|so)\b",
    re.IGNORECASE,
)
_OWN_WORDS = 2
_BORDER = re.compile(
    rf"\?\s+(?=\S)|[,;]?\s+(?:and|or|but)\s+(?:also\s+|then\s+)?(?=(?:what|which|who|whose|when|where|why|how|"
    rf"{_AUXILIARIES})\b)",
    re.IGNORECASE,
)
_MOST_PARTS = 3
_SHORTEST_PART = 3


def parts_of(question: str) -> tuple[str, ...]:
    """The questions in a question, as they stand; the question itself where it is one."""
    places = [match.span() for match in _BORDER.finditer(question)]
    starts, ends = [0, *(end for _, end in places)], [*(start for start, _ in places), len(question)]
    parts = [question[a:b].strip(" ,;?") for a, b in zip(starts, ends, strict=True)]
    if not 1 < len(parts) <= _MOST_PARTS or any(len(part.split()) < _SHORTEST_PART for part in parts):
        return (question,)
    if any(not _WH.search(part) for part in parts):
        return (question,)
    return tuple(f"{part}?" for part in parts)


def standing_alone(parts: Sequence[str]) -> tuple[str, ...]:
    """The parts as they can be asked alone: a later one that leans on the first, by a pronoun or too
    few words of its own, has the first one's words behind it.
    """
    first, *later = parts
    return first, *(f"{part} ({' '.join(content_words(first))})" if _leans(part) else part for part in later)


def _leans(part: str) -> bool:
    return bool(_LEANING.search(part)) or len(content_words(part)) < _OWN_WORDS
