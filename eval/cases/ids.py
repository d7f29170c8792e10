"""Names for cases that have none, so that two runs of the same cases can be paired."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from eval.cases.case import Case
from rag.errors import InvalidInput

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
