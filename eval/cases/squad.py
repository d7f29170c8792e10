"""SQuAD 1.1 and 2.0 (Rajpurkar et al. 2016, 2018): the nested files, and rows with one question each as
Hugging Face lays them out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from eval.cases import fields
from eval.cases.case import Case, Question, invalid
from eval.cases.rows import Row


def is_document(row: fields.Fields) -> bool:
    """Whether this is a whole file of SQuAD."""
    data = row.get("data")
    return isinstance(data, list) and all(isinstance(one, Mapping) and "paragraphs" in one for one in data)


def is_squad(row: fields.Fields) -> bool:
    """Whether this is a question on a context."""
    return isinstance(row.get("context"), str) and ("answers" in row or "is_impossible" in row)


def questions(row: Row) -> Iterator[Row]:
    """The questions of a whole file, a row each."""
    found = fields.fields_of(row.value, row.where)
    for i, article in enumerate(_objects(found, "data", "")):
        for j, paragraph in enumerate(_objects(article, "paragraphs", at := f"data[{i}]")):
            for k, asked in enumerate(_objects(paragraph, "qas", at := f"data[{i}].paragraphs[{j}]")):
                yield Row(f"{at}.qas[{k}]", {**asked, "context": paragraph.get("context")})


def parse(row: Row) -> Question:
    """A question, its context and every right answer, each checked against the context's text.

    `is_impossible`, or a list of answers that is empty, means that the context does not answer. The title is
    not taken for a source: a collection would not know it. Raises InvalidInput `cases_invalid`.
    """
    found = fields.fields_of(row.value, row.where)
    context = fields.text(found, "context", row.where)
    if context is None:
        raise invalid(f"{row.where}: the context is missing or empty.")
    impossible = fields.flag(found, "is_impossible", row.where) or False
    answers = () if impossible else tuple(_answers(found, context, row.where))
    case = Case(
        question=fields.question(found, "question", row.where),
        reference=answers[0] if answers else None,
        contexts=(context,),
        id=fields.label(found, "id", row.where),
        type=fields.label(found, "type", row.where),
        answerable=bool(answers),
    )
    return Question(case, answers)


def _answers(row: fields.Fields, context: str, where: str) -> Iterator[str]:
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
        answer = _answer(fields.fields_of(one, where), context, where)
        if answer not in seen:
            seen.add(answer)
            yield answer


def _answer(one: fields.Fields, context: str, where: str) -> str:
    text, start = fields.text(one, "text", where), one.get("answer_start", one.get("start"))
    if text is None or not isinstance(start, int):
        raise invalid(f"{where}: an answer needs a text and an answer_start.")
    if context[start : start + len(text)] != text:
        raise invalid(f"{where}: the answer {text[:60]!r} does not stand at {start} of its context.")
    return text


def _objects(row: fields.Fields, key: str, where: str) -> list[dict[str, object]]:
    found = row.get(key)
    if not isinstance(found, list):
        raise invalid(f"{where or 'SQuAD'}: {key} must be a list.")
    return [fields.fields_of(one, f"{where}.{key}[{n}]".lstrip(".")) for n, one in enumerate(found)]
