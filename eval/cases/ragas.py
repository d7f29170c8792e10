"""RAGAS' EvaluationDataset and Testset, as `to_jsonl` and `to_csv` lay them out; needs no RAGAS."""

from __future__ import annotations

from eval.cases import fields
from eval.cases.case import Case, consistent, invalid
from eval.cases.rows import Row, values
from rag.errors import InvalidInput

_SYNTHESIZER = "_query_synthesizer"
COLUMNS = ("user_input", "reference", "reference_contexts", "reference_context_ids")
"""What a case fills of a sample, in the order of a table's columns."""


def is_ragas(row: fields.Fields) -> bool:
    """Whether this is a sample of RAGAS."""
    return "user_input" in row or "eval_sample" in row


def parse(row: Row) -> Case:
    """A case from a sample: `response` and what was retrieved belong to a run and are passed over.

    A testset's `synthesizer_name` becomes the type, without its ending, and makes the case synthetic.
    Raises InvalidInput `cases_invalid`, `cases_unsupported` for a conversation.
    """
    found = fields.fields_of(row.value, row.where)
    found = values(found, row.where) if row.from_csv else found
    if "eval_sample" in found:
        found = {**found, **fields.fields_of(found["eval_sample"], row.where)}
    if isinstance(found.get("user_input"), list):
        raise InvalidInput(
            f"{row.where}: a conversation; only single questions can be asked.", code="cases_unsupported"
        )
    maker = fields.text(found, "synthesizer_name", row.where)
    case = Case(
        question=fields.question(found, "user_input", row.where),
        reference=fields.text(found, "reference", row.where),
        relevant_sources=_ids(found, "reference_context_ids", row.where),
        contexts=fields.texts(found, "reference_contexts", row.where),
        id=fields.label(found, "id", row.where),
        type=fields.label(found, "type", row.where) or (maker.removesuffix(_SYNTHESIZER) if maker else None),
        answerable=fields.flag(found, "answerable", row.where),
        synthetic=fields.flag(found, "synthetic", row.where) or maker is not None,
    )
    return consistent(case, row.where)


def sample(case: Case) -> dict[str, object]:
    """The sample of a case. What RAGAS has no field for stands beside it, where RAGAS passes it over."""
    row: dict[str, object] = {
        "user_input": case.question,
        "reference": case.reference,
        "reference_contexts": list(case.contexts) if case.contexts else None,
        "reference_context_ids": list(case.relevant_sources) if case.relevant_sources else None,
        "id": case.id,
        "type": case.type,
        "answerable": case.answerable,
        "synthetic": case.synthetic or None,
    }
    return {key: value for key, value in row.items() if value is not None}


def _ids(row: fields.Fields, key: str, where: str) -> tuple[str, ...] | None:
    value = row.get(key)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(one, str | int) for one in value):
        raise invalid(f"{where}: {key} must be a list of names or numbers.")
    return tuple(map(str, value)) or None
