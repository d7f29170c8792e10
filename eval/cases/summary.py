"""What a set of cases holds, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eval.cases.case import Case


@dataclass(frozen=True, slots=True)
class Counts:
    """How many cases there are, and how many have what; `types` counts those of each type, most first."""

    cases: int
    with_reference: int
    with_sources: int
    with_contexts: int
    unanswerable: int
    synthetic: int
    types: Mapping[str, int]


def count(cases: Sequence[Case]) -> Counts:
    """Count."""
    types = Counter(case.type for case in cases if case.type is not None)
    return Counts(
        cases=len(cases),
        with_reference=sum(case.reference is not None for case in cases),
        with_sources=sum(case.relevant_sources is not None for case in cases),
        with_contexts=sum(case.contexts is not None for case in cases),
        unanswerable=sum(case.answerable is False for case in cases),
        synthetic=sum(case.synthetic for case in cases),
        types=dict(types.most_common()),
    )
