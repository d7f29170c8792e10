"""Kinds of rows, so that a mean does not hide where a judge fails."""

from __future__ import annotations

import re

from eval.agreement.rows import Labelled
from rag.answer.overlap import content_words, coverage

_NUMBER = re.compile(
    r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|hundred|thousand|million|billion)\b"
)


_NEGATION = re.compile(r"\b(?:no|not|never|none|nobody|nothing|neither|nor|without|cannot)\b|n['’]t\b")


_COMPARED = re.compile(
    r"\b(?:more|less|most|least|than|fewer|only|all|every|always|first|last|before|after|because|due)\b"
)


_FIRST_PERSON = re.compile(r"\b(?:i|my|me|we|our)\b")


_KINDS = {
    "a number": _NUMBER,
    "a negation": _NEGATION,
    "a comparison or order": _COMPARED,
    "a first person": _FIRST_PERSON,
}


Slice = tuple[str, str]
"""A way to cut, and the part, such as ("claim", "has a number")."""


def slices_of(row: Labelled) -> list[Slice]:
    """The slices that a row is in: source, lengths in words, what its claim is made of, words in common with
    the evidence, and the fields that were asked for.
    """
    sample = row.sample
    claim, evidence = sample.response or sample.question, " ".join(sample.contexts)
    found = [("source", row.source), ("claim length", _length(claim, (8, 16)))]
    found.append(("claim is in", "lower case" if claim == claim.lower() else "mixed case"))
    found += [("claim has", name) for name in _made_of(claim.lower())]
    if evidence:
        found.append(("evidence length", _length(evidence, (50, 250))))
        found.append(("words in evidence", _band(coverage(content_words(claim), content_words(evidence)))))
    return [*found, *row.fields.items()]


def _length(text: str, bounds: tuple[int, int]) -> str:
    words, (low, high) = len(text.split()), bounds
    if words <= low:
        return f"up to {low} words"
    return f"{low + 1} to {high} words" if words <= high else f"over {high} words"


def _made_of(claim: str) -> list[str]:
    found = [name for name, pattern in _KINDS.items() if pattern.search(claim)]
    return found or ["none of these"]


def _band(covered: float) -> str:
    if covered < 0.5:
        return "under half"
    return "half to nine tenths" if covered < 0.9 else "nine tenths or more"
