"""A file as rows (JSON, JSON Lines or CSV, maybe gzipped, told by its content), and a row's fields, checked.

`where` opens the message of InvalidInput `cases_invalid`.
"""

from __future__ import annotations

import ast
import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.cases.case import invalid
from rag.errors import InvalidInput

_ASKS = ("question", "user_input")
"""Columns by one of which a table is known to hold cases."""
_DELIMITERS = (",", "\t", ";")
_BINARY = (b"PK\x03\x04", b"PAR1", b"SQLite format", b"%PDF", b"ARROW1")


@dataclass(frozen=True, slots=True)
class Row:
    """A decoded row and where it stands, such as `line 3`; `from_csv`: its values are cells of text."""

    where: str
    value: object
    from_csv: bool = False


def read_rows(path: Path) -> list[Row]:
    """The rows of a file. A JSON object that holds a list of `cases`, or SQuAD's `data`, is one row.

    Raises InvalidInput `cases_unsupported`, `cases_invalid` (with the line).
    """
    text = _text(path)
    opening = text.lstrip()[:1]
    if opening in ("{", "["):
        return list(_json(text, path))
    delimiter = _delimiter(text, path)
    if delimiter is not None:
        return list(_csv(text, delimiter))
    if not opening:
        return []
    if path.suffix.lower().removesuffix(".gz") in (".jsonl", ".ndjson", ".json"):
        raise invalid("line 1: not JSON.")
    raise InvalidInput(
        f"Cases are JSON, JSON Lines, CSV or a folder in BEIR's layout; {path.name} is none of these.",
        code="cases_unsupported",
    )


def _text(path: Path) -> str:
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise invalid(f"{path} is not whole: {error}.") from error
    if data.startswith(_BINARY):
        raise InvalidInput(
            f"{path.name} is a binary file; cases are JSON, JSON Lines or CSV.", code="cases_unsupported"
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise invalid(f"{path} is not UTF-8: {error.reason} at byte {error.start}.") from error


def _json(text: str, path: Path) -> Iterator[Row]:
    """One object, a list of objects, or an object a line."""
    try:
        whole = json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg != "Extra data" and path.suffix.lower() == ".json":
            raise invalid(f"line {error.lineno}: not JSON ({error.msg}).") from error
        yield from _json_lines(text)
        return
    if isinstance(whole, list) and all(isinstance(one, Mapping) for one in whole):
        yield from (Row(f"case {number}", one) for number, one in enumerate(whole, 1))
    else:
        yield Row("line 1", whole)


def _json_lines(text: str) -> Iterator[Row]:
    for number, line in enumerate(io.StringIO(text, newline=None), 1):
        if line.strip():
            try:
                yield Row(f"line {number}", json.loads(line))
            except json.JSONDecodeError as error:
                raise invalid(f"line {number}: not JSON ({error.msg}).") from error


def _delimiter(text: str, path: Path) -> str | None:
    """What parts the cells of a table, or None where the first line is no header of one."""
    head = text.lstrip().partition("\n")[0].strip()
    for delimiter in _DELIMITERS:
        names = [name.strip().strip('"') for name in head.split(delimiter)]
        if len(names) > 1 and any(name in _ASKS for name in names):
            return delimiter
    return "," if head and path.suffix.lower() == ".csv" else None


def _csv(text: str, delimiter: str) -> Iterator[Row]:
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="", strict=True, delimiter=delimiter)
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    try:
        for row in reader:
            if "" in row or None in row.values():
                raise invalid(f"line {reader.line_num}: the number of cells differs from the header's.")
            yield Row(f"line {reader.line_num}", row, from_csv=True)
    except csv.Error as error:
        raise invalid(f"line {reader.line_num}: not CSV ({error}).") from error


_NAMES = ("relevant_sources", "source")
"""Lists whose parts may also be parted by `|`."""
_LISTS = (*_NAMES, "contexts")
_PRINTED = ("reference_contexts", "reference_context_ids")
"""Lists that RAGAS writes as Python prints them."""
_FLAGS = ("answerable", "synthetic")
_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")


def values(row: Mapping[str, object], where: str) -> dict[str, object]:
    """The filled cells; an empty one means not known. Raises InvalidInput `cases_invalid`."""
    filled = {key: cell for key, cell in row.items() if isinstance(cell, str) and cell.strip()}
    return {key: _value(key, cell, where) for key, cell in filled.items()}


def _value(key: str, cell: str, where: str) -> object:
    if key in _FLAGS:
        return _flag(key, cell.strip().lower(), where)
    if cell.lstrip().startswith("[") and key in (*_LISTS, *_PRINTED):
        return _list(key, cell, where)
    if key in _LISTS:
        return [part.strip() for part in cell.split("|")] if key in _NAMES else [cell]
    return cell


def _flag(key: str, cell: str, where: str) -> bool:
    if cell not in (*_TRUE, *_FALSE):
        raise invalid(f"{where}: {key} must be true or false, not {cell!r}.")
    return cell in _TRUE


def _list(key: str, cell: str, where: str) -> object:
    try:
        return json.loads(cell)
    except json.JSONDecodeError as error:
        if key not in _PRINTED:
            raise invalid(f"{where}: {key} is not a JSON list ({error.msg}).") from error
    try:
        return ast.literal_eval(cell)
    except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
        raise invalid(f"{where}: {key} is not a list.") from error


Fields = Mapping[str, object]


def fields_of(row: object, where: str) -> dict[str, object]:
    """A row as an object."""
    if not isinstance(row, Mapping):
        raise invalid(f"{where}: a case is an object with a question.")
    return {str(key): value for key, value in row.items()}


def text_field(row: Fields, key: str, where: str) -> str | None:
    """A string; None where it is missing or blank."""
    value = row.get(key)
    if value is not None and not isinstance(value, str):
        raise invalid(f"{where}: {key} must be a string.")
    return value if value is not None and value.strip() else None


def question_field(row: Fields, key: str, where: str) -> str:
    """The question, which a case cannot lack."""
    found = text_field(row, key, where)
    if found is None:
        raise invalid(f"{where}: the question is missing or empty.")
    return found


def texts_field(row: Fields, key: str, where: str) -> tuple[str, ...] | None:
    """A list of strings, or one string; None where it is missing or empty."""
    value = row.get(key)
    if value is None:
        return None
    value = [value] if isinstance(value, str) else value
    if not isinstance(value, Sequence) or not all(isinstance(part, str) for part in value):
        raise invalid(f"{where}: {key} must be a string or a list of strings.")
    return tuple(value) or None


def label_field(row: Fields, key: str, where: str) -> str | None:
    """A name, which may be written as a whole number."""
    value = row.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text_field(row, key, where)


def flag_field(row: Fields, key: str, where: str) -> bool | None:
    """True, false or not known."""
    value = row.get(key)
    if value is not None and not isinstance(value, bool):
        raise invalid(f"{where}: {key} must be true or false.")
    return value
