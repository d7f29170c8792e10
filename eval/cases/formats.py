"""The formats of cases: Footnote's own, RAGAS' samples, SQuAD, questions with spans; a case of a row of each.

SQuAD 1.1 and 2.0 (Rajpurkar et al. 2016, 2018) come as nested files or as rows with one question each, as
Hugging Face lays them out; RAGAS' EvaluationDataset and Testset as `to_jsonl` and `to_csv` lay them out.
RAGAS itself is not needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Literal, get_args

from eval.cases.case import FIELDS, Case, Question, consistent, invalid
from eval.cases.rows import (
    Fields,
    Row,
    fields_of,
    flag_field,
    label_field,
    question_field,
    text_field,
    texts_field,
    values,
)
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
    return list(squad_questions(rows[0])) if is_squad_file(inside) else list(rows)


def layout_of(rows: Sequence[Row]) -> Layout:
    """The layout that the first row has."""
    first = rows[0].value if rows else None
    if not isinstance(first, dict):
        return "cases"
    if is_ragas(first):
        return "ragas"
    if is_squad(first):
        return "squad"
    return "spans" if is_spans(first) else "cases"


def question_of(row: Row, layout: Layout, path: Path) -> Question:
    """The question in a row of this layout. Raises InvalidInput `cases_invalid`, `cases_unsupported`."""
    if layout == "squad":
        return parse_squad(row)
    case = _case(row, layout, path)
    return Question(case, (case.reference,) if case.reference is not None else ())


def _case(row: Row, layout: Layout, path: Path) -> Case:
    if layout == "ragas":
        return parse_ragas(row)
    if layout == "spans":
        return parse_spans(row, path.parent)
    value = values(fields_of(row.value, row.where), row.where) if row.from_csv else row.value
    return parse_case(value, row.where)


ALIASES = {"answer": "reference", "source": "relevant_sources", "_id": "id"}
_SLIPS = tuple(name for name in FIELDS if len(name) > len("type"))
"""Fields that another name can be taken for a slip of; of short ones too much is near."""


def parse_case(row: object, where: str) -> Case:
    """A case from a decoded JSON object; `where` opens the message of InvalidInput `cases_invalid`.

    `answer` is read as reference and `source` as the one relevant source. Other fields are passed over, but
    not what looks like a slip for a known one. The id stays None where there is none: `with_ids` makes them.
    """
    found = _with_full_names(fields_of(row, where))
    for key in found:
        meant = get_close_matches(key, _SLIPS, n=1, cutoff=0.8)
        if meant and key not in FIELDS:
            raise invalid(f"{where}: unknown field {key!r}; did you mean {meant[0]!r}?")
    case = Case(
        question=question_field(found, "question", where),
        reference=text_field(found, "reference", where),
        relevant_sources=texts_field(found, "relevant_sources", where),
        contexts=texts_field(found, "contexts", where),
        id=label_field(found, "id", where),
        type=label_field(found, "type", where),
        answerable=flag_field(found, "answerable", where),
        synthetic=flag_field(found, "synthetic", where) or False,
    )
    return consistent(case, where)


def _with_full_names(row: Mapping[str, object]) -> dict[str, object]:
    aliased = {ALIASES[key]: row[key] for key in ALIASES if key in row}
    return {**aliased, **{key: value for key, value in row.items() if key not in ALIASES}}


def is_squad_file(row: Fields) -> bool:
    """Whether this is a whole file of SQuAD."""
    data = row.get("data")
    return isinstance(data, list) and all(isinstance(one, Mapping) and "paragraphs" in one for one in data)


def is_squad(row: Fields) -> bool:
    """Whether this is a question on a context."""
    return isinstance(row.get("context"), str) and ("answers" in row or "is_impossible" in row)


def squad_questions(row: Row) -> Iterator[Row]:
    """The questions of a whole file, a row each."""
    found = fields_of(row.value, row.where)
    for i, article in enumerate(_objects(found, "data", "")):
        for j, paragraph in enumerate(_objects(article, "paragraphs", at := f"data[{i}]")):
            for k, asked in enumerate(_objects(paragraph, "qas", at := f"data[{i}].paragraphs[{j}]")):
                yield Row(f"{at}.qas[{k}]", {**asked, "context": paragraph.get("context")})


def parse_squad(row: Row) -> Question:
    """A question, its context and every right answer, each checked against the context's text.

    `is_impossible`, or a list of answers that is empty, means that the context does not answer. The title is
    not taken for a source: a collection would not know it. Raises InvalidInput `cases_invalid`.
    """
    found = fields_of(row.value, row.where)
    context = text_field(found, "context", row.where)
    if context is None:
        raise invalid(f"{row.where}: the context is missing or empty.")
    impossible = flag_field(found, "is_impossible", row.where) or False
    answers = () if impossible else tuple(_answers(found, context, row.where))
    case = Case(
        question=question_field(found, "question", row.where),
        reference=answers[0] if answers else None,
        contexts=(context,),
        id=label_field(found, "id", row.where),
        type=label_field(found, "type", row.where),
        answerable=bool(answers),
    )
    return Question(case, answers)


def _answers(row: Fields, context: str, where: str) -> Iterator[str]:
    given = row.get("answers")
    if isinstance(given, Mapping):  # Hugging Face: a list for each field
        texts, starts = given.get("text"), given.get("answer_start")
        if not isinstance(texts, Sequence) or not isinstance(starts, Sequence) or len(texts) != len(starts):
            raise invalid(f"{where}: answers need a text and an answer_start each.")
        given = [{"text": a, "answer_start": b} for a, b in zip(texts, starts, strict=True)]
    if not isinstance(given, list):
        raise invalid(f"{where}: answers must be a list.")
    seen: set[str] = set()
    for one in given:
        answer = _answer(fields_of(one, where), context, where)
        if answer not in seen:
            seen.add(answer)
            yield answer


def _answer(one: Fields, context: str, where: str) -> str:
    text, start = text_field(one, "text", where), one.get("answer_start", one.get("start"))
    if text is None or not isinstance(start, int):
        raise invalid(f"{where}: an answer needs a text and an answer_start.")
    if context[start : start + len(text)] != text:
        raise invalid(f"{where}: the answer {text[:60]!r} does not stand at {start} of its context.")
    return text


def _objects(row: Fields, key: str, where: str) -> list[dict[str, object]]:
    found = row.get(key)
    if not isinstance(found, list):
        raise invalid(f"{where or 'SQuAD'}: {key} must be a list.")
    return [fields_of(one, f"{where}.{key}[{n}]".lstrip(".")) for n, one in enumerate(found)]


_SYNTHESIZER = "_query_synthesizer"
RAGAS_COLUMNS = ("user_input", "reference", "reference_contexts", "reference_context_ids")
"""What a case fills of a sample, in the order of a table's columns."""


def is_ragas(row: Fields) -> bool:
    """Whether this is a sample of RAGAS."""
    return "user_input" in row or "eval_sample" in row


def parse_ragas(row: Row) -> Case:
    """A case from a sample: `response` and what was retrieved belong to a run and are passed over.

    A testset's `synthesizer_name` becomes the type, without its ending, and makes the case synthetic.
    Raises InvalidInput `cases_invalid`, `cases_unsupported` for a conversation.
    """
    found = fields_of(row.value, row.where)
    found = values(found, row.where) if row.from_csv else found
    if "eval_sample" in found:
        found = {**found, **fields_of(found["eval_sample"], row.where)}
    if isinstance(found.get("user_input"), list):
        raise InvalidInput(
            f"{row.where}: a conversation; only single questions can be asked.", code="cases_unsupported"
        )
    maker = text_field(found, "synthesizer_name", row.where)
    case = Case(
        question=question_field(found, "user_input", row.where),
        reference=text_field(found, "reference", row.where),
        relevant_sources=_ragas_ids(found, "reference_context_ids", row.where),
        contexts=texts_field(found, "reference_contexts", row.where),
        id=label_field(found, "id", row.where),
        type=label_field(found, "type", row.where) or (maker.removesuffix(_SYNTHESIZER) if maker else None),
        answerable=flag_field(found, "answerable", row.where),
        synthetic=flag_field(found, "synthetic", row.where) or maker is not None,
    )
    return consistent(case, row.where)


def ragas_sample(case: Case) -> dict[str, object]:
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


def _ragas_ids(row: Fields, key: str, where: str) -> tuple[str, ...] | None:
    value = row.get(key)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(one, str | int) for one in value):
        raise invalid(f"{where}: {key} must be a list of names or numbers.")
    return tuple(map(str, value)) or None


def is_spans(row: Fields) -> bool:
    """Whether this is a question on a corpus with evidence in it."""
    found = row.get("references")
    return isinstance(found, list) and bool(found) and all(_is_span(one) for one in found)


def parse_spans(row: Row, folder: Path) -> Case:
    """A case whose contexts are the evidence, as `lab.bench.chunking` takes them (Chroma 2024).

    Its source is the corpus' file beside the questions (`CORPUS.md`), else the corpus' name. There is no
    reference: evidence is not an answer.
    """
    found = fields_of(row.value, row.where)
    corpus = text_field(found, "corpus", row.where)
    if corpus is None or not is_spans(found):
        raise invalid(f"{row.where}: a corpus and references with content and start_index are needed.")
    references = found["references"]
    assert isinstance(references, list)  # is_spans has looked
    name = f"{corpus}.md" if (folder / f"{corpus}.md").is_file() else corpus
    return Case(
        question=question_field(found, "question", row.where),
        relevant_sources=(name,),
        contexts=tuple(str(one["content"]) for one in references),
        id=label_field(found, "id", row.where),
        type=label_field(found, "type", row.where),
    )


def _is_span(one: object) -> bool:
    return isinstance(one, Mapping) and isinstance(one.get("content"), str) and "start_index" in one
