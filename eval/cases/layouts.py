"""Which layout rows have, and a case from a row of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Literal, get_args

from eval.cases import fields, ragas, spans, squad
from eval.cases import rows as cells
from eval.cases.case import FIELDS, Case, Question, consistent, invalid
from eval.cases.rows import Row
from rag.errors import InvalidInput

Layout = Literal["cases", "ragas", "squad", "spans", "beir"]
"""Footnote's own rows, RAGAS' samples, SQuAD's questions, questions with spans of evidence, BEIR folders."""
LAYOUTS: tuple[Layout, ...] = get_args(Layout)


def parse_layout(name: str) -> Layout:
    """The layout of this name. Raises InvalidInput `cases_unsupported`."""
    for known in LAYOUTS:
        if name == known:
            return known
    raise InvalidInput(
        f"There is no format {name!r} of cases; known are {', '.join(LAYOUTS)}.", code="cases_unsupported"
    )


def unpacked(rows: Sequence[Row]) -> list[Row]:
    """The rows themselves, taken out of the one object that may hold them."""
    if len(rows) != 1 or not isinstance(rows[0].value, dict):
        return list(rows)
    inside = rows[0].value
    if isinstance(inside.get("cases"), list):
        return [Row(f"cases[{number}]", one) for number, one in enumerate(inside["cases"])]
    return list(squad.questions(rows[0])) if squad.is_document(inside) else list(rows)


def layout_of(rows: Sequence[Row]) -> Layout:
    """The layout that the first row has."""
    first = rows[0].value if rows else None
    if not isinstance(first, dict):
        return "cases"
    if ragas.is_ragas(first):
        return "ragas"
    if squad.is_squad(first):
        return "squad"
    return "spans" if spans.is_spans(first) else "cases"


def question_of(row: Row, layout: Layout, path: Path) -> Question:
    """The question in a row of this layout. Raises InvalidInput `cases_invalid`, `cases_unsupported`."""
    if layout == "squad":
        return squad.parse(row)
    case = _case(row, layout, path)
    return Question(case, (case.reference,) if case.reference is not None else ())


def _case(row: Row, layout: Layout, path: Path) -> Case:
    if layout == "ragas":
        return ragas.parse(row)
    if layout == "spans":
        return spans.parse(row, path.parent)
    value = cells.values(fields.fields_of(row.value, row.where), row.where) if row.from_csv else row.value
    return parse_case(value, row.where)


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


def _with_full_names(row: Mapping[str, object]) -> dict[str, object]:
    aliased = {ALIASES[key]: row[key] for key in ALIASES if key in row}
    return {**aliased, **{key: value for key, value in row.items() if key not in ALIASES}}
