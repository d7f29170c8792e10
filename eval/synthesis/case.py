"""A synthetic case from a question and its passages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from eval.cases import Case
from eval.synthesis.types import TYPES, Kind, Passage


def case_of(kind: Kind, question: str, reference: str | None, passages: Sequence[Passage]) -> Case:
    """The case. One that cannot be answered has no relevant source, only what comes nearest as context."""
    contexts = tuple(one.text for one in passages)
    case = Case(question, reference, contexts=contexts, type=TYPES[kind], synthetic=True)
    if kind == "unanswerable":
        return replace(case, answerable=False)
    sources = tuple(dict.fromkeys(one.document.source for one in passages))
    return replace(case, relevant_sources=sources, answerable=True)
