"""Evaluation cases: questions with what is known of their answers, from JSON Lines, CSV or the API."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from rag.errors import InvalidInput, NotFound

FIELDS = ("question", "reference", "relevant_sources", "contexts")
ALIASES = {"answer": "reference", "source": "relevant_sources"}


@dataclass(frozen=True, slots=True)
class Case:
    """A question; the answer it should get; the sources, and the passages, that hold it. None means not
    known.

    `id` names the case in comparisons of runs, `type` is the kind of question that results are sliced by.
    `answerable` false means that an abstention is the right answer; `synthetic` that nobody asked this.
    """

    question: str
    reference: str | None = None
    relevant_sources: tuple[str, ...] | None = None
    contexts: tuple[str, ...] | None = None
    id: str | None = None
    type: str | None = None
    answerable: bool | None = None
    synthetic: bool = False


def read_cases(path: Path) -> list[Case]:
    """Cases of a .jsonl or .csv file.

    In CSV the first line names the columns; a cell of `relevant_sources` holds a JSON list or names parted
    by `|`, a cell of `contexts` a JSON list or one passage; an empty cell means not known. Raises NotFound
    `cases_not_found`, InvalidInput `cases_unsupported`, `cases_invalid` (with the line) or `cases_empty`.
    """
    if not path.is_file():
        raise NotFound(f"There is no file of cases at {path}.", code="cases_not_found")
    readers = {".jsonl": _json_lines, ".ndjson": _json_lines, ".csv": _csv_rows}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InvalidInput(
            f"Cases must be .jsonl or .csv, not {path.suffix or path.name}.", code="cases_unsupported"
        )
    try:
        cases = [parse_case(row, f"line {line}") for line, row in reader(path)]
    except UnicodeDecodeError as error:
        raise _invalid(f"{path} is not UTF-8: {error.reason} at byte {error.start}.") from error
    if not cases:
        raise InvalidInput(f"{path} holds no case.", code="cases_empty")
    return cases


def parse_case(row: object, where: str) -> Case:
    """A case from a decoded JSON object; `where` opens the message of InvalidInput `cases_invalid`.

    `answer` is read as reference and `source` as the one relevant source. Other fields are passed over, but
    not what looks like a slip for a known one.
    """
    if not isinstance(row, Mapping):
        raise _invalid(f"{where}: a case is an object with a question.")
    row = _with_full_names(row)
    for key in row:
        meant = get_close_matches(key, FIELDS, n=1, cutoff=0.8)
        if meant and key not in FIELDS:
            raise _invalid(f"{where}: unknown field {key!r}; did you mean {meant[0]!r}?")
    question = _text(row, "question", where)
    if question is None or not question.strip():
        raise _invalid(f"{where}: the question is missing or empty.")
    reference = _text(row, "reference", where)
    return Case(question, reference, _texts(row, "relevant_sources", where), _texts(row, "contexts", where))


def _with_full_names(row: Mapping[object, object]) -> dict[str, object]:
    aliased = {ALIASES[key]: row[key] for key in ALIASES if key in row}
    return {**aliased, **{str(key): value for key, value in row.items() if key not in ALIASES}}


def _json_lines(path: Path) -> Iterator[tuple[int, object]]:
    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    yield number, json.loads(line)
                except json.JSONDecodeError as error:
                    raise _invalid(f"line {number}: not JSON ({error.msg}).") from error


def _csv_rows(path: Path) -> Iterator[tuple[int, object]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, restkey="", strict=True)
        try:
            for row in reader:
                if "" in row or None in row.values():
                    raise _invalid(f"line {reader.line_num}: the number of cells differs from the header's.")
                cells = {key: _cell(key, cell, reader.line_num) for key, cell in row.items() if cell.strip()}
                yield reader.line_num, cells
        except csv.Error as error:
            raise _invalid(f"line {reader.line_num}: not CSV ({error}).") from error


def _cell(key: str, cell: str, line: int) -> object:
    if key not in ("relevant_sources", "contexts"):
        return cell
    if cell.lstrip().startswith("["):
        try:
            return json.loads(cell)
        except json.JSONDecodeError as error:
            raise _invalid(f"line {line}: {key} is not a JSON list ({error.msg}).") from error
    return [part.strip() for part in cell.split("|")] if key == "relevant_sources" else [cell]


def _text(row: Mapping[str, object], key: str, where: str) -> str | None:
    value = row.get(key)
    if value is not None and not isinstance(value, str):
        raise _invalid(f"{where}: {key} must be a string.")
    return value


def _texts(row: Mapping[str, object], key: str, where: str) -> tuple[str, ...] | None:
    value = row.get(key)
    if value is None:
        return None
    value = [value] if isinstance(value, str) else value
    if not isinstance(value, Sequence) or not all(isinstance(part, str) for part in value):
        raise _invalid(f"{where}: {key} must be a string or a list of strings.")
    return tuple(value) or None


def _invalid(message: str) -> InvalidInput:
    return InvalidInput(message, code="cases_invalid")
