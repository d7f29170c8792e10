"""What an evaluation case is."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rag.errors import InvalidInput

FIELDS = ("id", "question", "reference", "relevant_sources", "contexts", "type", "answerable", "synthetic")


@dataclass(frozen=True, slots=True)
class Case:
    """A question; the answer it should get; the sources, and the passages, that hold it. None means not
    known.

    `id` names the case in comparisons of runs, `type` is the kind of question that results are sliced by.
    `answerable` false means that an abstention is the right answer; `synthetic` that nobody asked this.
    The `contexts` of a question that cannot be answered are those that come nearest to answering.
    """

    question: str
    reference: str | None = None
    relevant_sources: tuple[str, ...] | None = None
    contexts: tuple[str, ...] | None = None
    id: str | None = None
    type: str | None = None
    answerable: bool | None = None
    synthetic: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A case with every answer that counts as right, the case's reference first; none where the case has
    none.
    """

    case: Case
    answers: tuple[str, ...]


def invalid(message: str) -> InvalidInput:
    """What a row that is no case raises."""
    return InvalidInput(message, code="cases_invalid")


_LENGTH = 12


def with_ids(cases: Sequence[Case], places: Sequence[str] | None = None) -> list[Case]:
    """The cases, each with an id of its own: the given one, else a hash of question and reference.

    Of several cases that are alike the second gets the ending `-2`, and so on. Raises InvalidInput
    `cases_duplicate_id` where a given id occurs twice; `places` says where each case stands.
    """
    where = places or [f"case {number}" for number in range(1, len(cases) + 1)]
    taken: dict[str, str] = {}
    for case, place in zip(cases, where, strict=True):
        if case.id is not None:
            if case.id in taken:
                message = f"{place}: the id {case.id!r} is that of {taken[case.id]} already."
                raise InvalidInput(message, code="cases_duplicate_id")
            taken[case.id] = place
    used: Counter[str] = Counter()
    return [case if case.id is not None else replace(case, id=_fresh(case, taken, used)) for case in cases]


def content_id(case: Case) -> str:
    """Twelve hexadecimal digits that question and reference fix."""
    content = json.dumps([case.question, case.reference], ensure_ascii=False)
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:_LENGTH]


def _fresh(case: Case, taken: dict[str, str], used: Counter[str]) -> str:
    stem = content_id(case)
    while True:
        used[stem] += 1
        name = stem if used[stem] == 1 else f"{stem}-{used[stem]}"
        if name not in taken:
            return name


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


def consistent(case: Case, where: str) -> Case:
    """The case, unless it names an answer to what cannot be answered."""
    if case.answerable is False and case.reference is not None:
        raise invalid(f"{where}: answerable is false, but there is a reference; one of the two is wrong.")
    return case
