"""Rows of a file as they are: JSON Lines, CSV, or the rows of a run's report.json."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from rag.errors import InvalidInput, NotFound

Record = Mapping[str, object]


def records(path: Path) -> Iterator[tuple[int, Record]]:
    """Each row with the number of its line, or of its place in a report's `rows`, from 1.

    Reads .jsonl, .ndjson, .csv and .json, each maybe .gz. Raises NotFound `labelled_not_found`, InvalidInput
    `labelled_unsupported` or `labelled_invalid`.
    """
    if not path.is_file():
        raise NotFound(f"There is no file of labelled rows at {path}.", code="labelled_not_found")
    kind = path.name.lower().removesuffix(".gz").rpartition(".")[2]
    readers = {"jsonl": _lines, "ndjson": _lines, "csv": _cells, "json": _report}
    if kind not in readers:
        raise InvalidInput(
            f"Labelled rows are read from .jsonl, .csv or a report.json, not from {path.name}.",
            code="labelled_unsupported",
        )
    try:
        yield from readers[kind](path)
    except (UnicodeDecodeError, EOFError, gzip.BadGzipFile) as error:
        raise invalid(path, None, f"it cannot be read ({error})") from error


def invalid(path: Path, line: int | None, what: str) -> InvalidInput:
    """InvalidInput `labelled_invalid` about a line of a file."""
    at = f"{path}: {what}" if line is None else f"{path}, row {line}: {what}"
    return InvalidInput(f"{at}.", code="labelled_invalid")


def value_at(record: Record, name: str) -> object:
    """The value of a field; `scores.faithfulness` looks into an object. None where it is not there."""
    if name in record:
        return record[name]
    first, _, rest = name.partition(".")
    inner = record.get(first)
    return value_at(inner, rest) if rest and isinstance(inner, Mapping) else None


def _text(path: Path) -> str:
    found = path.read_bytes()
    return (gzip.decompress(found) if path.suffix.lower() == ".gz" else found).decode("utf-8-sig")


def _lines(path: Path) -> Iterator[tuple[int, Record]]:
    for number, line in enumerate(_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise invalid(path, number, f"not JSON ({error.msg})") from error
        if not isinstance(row, dict):
            raise invalid(path, number, "not an object")
        yield number, row


def _cells(path: Path) -> Iterator[tuple[int, Record]]:
    reader = csv.DictReader(_text(path).splitlines(keepends=True), restkey="", strict=True)
    try:
        for row in reader:
            if "" in row or None in row.values():
                raise invalid(path, reader.line_num, "the number of cells differs from the header's")
            yield reader.line_num, {key: _cell(text) for key, text in row.items() if text.strip()}
    except csv.Error as error:
        raise invalid(path, reader.line_num, f"not CSV ({error})") from error


def _cell(text: str) -> object:
    """A JSON list is one, all else is text."""
    if text.lstrip().startswith("["):
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return text
    return text


def _report(path: Path) -> Iterator[tuple[int, Record]]:
    try:
        value = json.loads(_text(path))
    except json.JSONDecodeError as error:
        raise invalid(path, None, f"not JSON ({error.msg}, line {error.lineno})") from error
    rows = value.get("rows") if isinstance(value, dict) else value
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise invalid(path, None, "neither a list of rows nor a report with `rows`")
    yield from enumerate(rows, 1)
