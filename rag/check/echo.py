"""Sentences that state nothing: questions, and what only repeats the question that was asked."""

from __future__ import annotations

import re

from rag.check.clauses import stems_of
from rag.check.values import values_in

_ASKS_FOR_MORE = re.compile(
    r"\s*(?:(?:\w+\s+){0,3})?(?:what|when|where|who|whom|whose|which|why|how|was|wann|wo|wer|wen|wem|welche[rsnm]?|warum|wie)\b",
    re.IGNORECASE,
)
_POLAR = re.compile(
    r"\s*(?:is|are|was|were|do|does|did|can|could|has|have|had|will|would|must|may|should)\b", re.IGNORECASE
)
_CHOICE = re.compile(r"\b(?:or|oder)\b", re.IGNORECASE)


def states_nothing(claim: str, question: str | None) -> bool:
    """Whether a claim is a question, or has no word or value that the question lacks.

    What repeats a question for yes or no, or one of two that are named, answers it.
    """
    if claim.rstrip().endswith(("?", "？")):
        return True
    if (
        not question
        or _POLAR.match(question)
        or _CHOICE.search(question)
        or not _ASKS_FOR_MORE.match(question)
    ):
        return False
    said = frozenset(stems_of(claim))
    return (
        bool(said)
        and said <= frozenset(stems_of(question))
        and len(values_in(claim)) <= len(values_in(question))
    )
