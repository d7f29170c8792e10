"""A case from a decoded row in Footnote's own layout."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from eval.cases import fields
from eval.cases.case import FIELDS, Case, invalid

ALIASES = {"answer": "reference", "source": "relevant_sources", "_id": "id"}
_SLIPS = tuple(name for name in FIELDS if len(name) > len("type"))
"""Fields that another name can be taken for a slip of; of short ones too much is near."""


def parse_case(row: object, where: str) -> Case:
    """A case from a decoded JSON object; `where` opens the message of InvalidInput `cases_invalid`.

    `answer` is read as reference and `source` as the one relevant source. Other fields are passed over, but
    not what looks like a slip for a known one. The id stays None where there is none: `with_ids` makes them.
    """
    found = _with_full_names(fields.fields_of(row, where))
    for key in found:
        meant = get_close_matches(key, _SLIPS, n=1, cutoff=0.8)
        if meant and key not in FIELDS:
            raise invalid(f"{where}: unknown field {key!r}; did you mean {meant[0]!r}?")
    case = Case(
        question=fields.question(found, "question", where),
        reference=fields.text(found, "reference", where),
        relevant_sources=fields.texts(found, "relevant_sources", where),
        contexts=fields.texts(found, "contexts", where),
        id=fields.label(found, "id", where),
        type=fields.label(found, "type", where),
        answerable=fields.flag(found, "answerable", where),
        synthetic=fields.flag(found, "synthetic", where) or False,
    )
    return consistent(case, where)


def consistent(case: Case, where: str) -> Case:
    """The case, unless it names an answer to what cannot be answered."""
    if case.answerable is False and case.reference is not None:
        raise invalid(f"{where}: answerable is false, but there is a reference; one of the two is wrong.")
    return case


def _with_full_names(row: Mapping[str, object]) -> dict[str, object]:
    aliased = {ALIASES[key]: row[key] for key in ALIASES if key in row}
    return {**aliased, **{key: value for key, value in row.items() if key not in ALIASES}}
