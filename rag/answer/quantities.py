"""What kind of quantity a figure is, by its unit, and which one a question asks for, by its words.

A unit or a question that no list knows has no kind.
"""

from __future__ import annotations

import re

from rag.check.units import unit_of
from rag.check.values import values_in

_SAME = {"months": "time", "ratio": "share", "count": "figure"}
"""Kinds of values by another name."""
_ASKED = (
    ("money", r"\bhow much (?:\w+ ){1,5}costs?\b|"
        r"\bhow (?:expensive|costly)\b|\bhow much is the (?:fee|fare|rent|price)\b"),
    ("length", r"\bhow (?:tall|high|deep|wide|thick|broad)\b|"
        r"\bwhat(?:'s| is) the (?:height|width|depth|thickness)\b"),
    ("mass", r"\bhow heavy\b|\bhow much (?:\w+ ){1,4}weighs?\b|\bwhat(?:'s| is) the (?:weight|mass)\b"),
    ("temperature", r"\bhow (?:hot|cold|warm)\b|\bwhat(?:'s| is) the temperature\b|"
        r"\b(?:what|which) temperature\b"),
    ("speed", r"\bhow fast\b|\bwhat(?:'s| is) the (?:top |maximum )?speed\b"),
    ("voltage", r"\b(?:what|which) voltage\b|\bwhat(?:'s| is) the (?:\w+ )?voltage\b"),
    ("pressure", r"\b(?:what|which) pressure\b|\bwhat(?:'s| is) the (?:\w+ )?pressure\b"),
    ("area", r"\bwhat(?:'s| is) the area\b"),
    ("volume", r"\bwhat(?:'s| is) the volume\b"),
)  # fmt: skip
_ASKED_KINDS = [(kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _ASKED]


def kinds(text: str) -> frozenset[str]:
    """The kinds of the quantities in the text; `figure` for one whose unit is not known."""
    return frozenset(_SAME.get(value.kind, value.kind) for value in values_in(text))


def is_unit(word: str) -> bool:
    """Whether the word is a unit, as it stands in a cell or in brackets behind a column's name."""
    return unit_of(word) is not None


def asked_kind(question: str) -> str | None:
    """The kind of quantity that the question plainly asks for."""
    return next((kind for kind, pattern in _ASKED_KINDS if pattern.search(question)), None)


def figure(text: str) -> tuple[float, str] | None:
    """A cell's one figure and the words around it: "1,200 kg" is (1200.0, "kg"); None for none or more."""
    numbers = re.findall(r"\d[\d,]*(?:\.\d+)?", text)
    if len(numbers) != 1:
        return None
    rest = " ".join(text.replace(numbers[0], " ", 1).split())
    sign = -1 if re.match(r"[-−–]\s?\d", text) else 1
    return sign * float(numbers[0].replace(",", "")), rest.lstrip("-−– ")
