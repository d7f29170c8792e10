"""A user's questions with known sources: read from JSON lines, packed into a job's item and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from adapt.collection.types import Given
from rag.errors import InvalidInput, NotFound

MOST = 20_000


def read_given(path: Path) -> list[Given]:
    """Questions of a JSON Lines file: `question`, and `source`, `quote` or both; other fields are ignored.

    Raises NotFound `questions_not_found`, InvalidInput `questions_invalid` (with the line).
    """
    if not path.is_file():
        raise NotFound(f"There is no file of questions at {path}.", code="questions_not_found")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise _invalid(f"{path} is not UTF-8: {error.reason} at byte {error.start}.") from error
    found = [parse_given(_decoded(line, n), f"line {n}") for n, line in enumerate(lines, 1) if line.strip()]
    if not 0 < len(found) <= MOST:
        raise _invalid(f"{path} holds {len(found)} questions; 1 to {MOST} are taken.")
    return found


def parse_given(row: object, where: str) -> Given:
    """One question. Raises InvalidInput `questions_invalid`; `where` opens its message."""
    if not isinstance(row, Mapping):
        raise _invalid(f"{where}: a question is an object.")
    question, source, quote = (_text(row, key, where) for key in ("question", "source", "quote"))
    if not question:
        raise _invalid(f"{where}: the question is missing or empty.")
    if not source and not quote:
        raise _invalid(f"{where}: a source or a quote is needed.")
    return Given(question, source, quote)


def pack(given: Sequence[Given]) -> bytes:
    """The questions as a job's payload."""
    return json.dumps([asdict(one) for one in given]).encode()


def unpack(payload: bytes | None) -> list[Given]:
    """What `pack` wrote; none without a payload."""
    return [parse_given(row, f"questions[{n}]") for n, row in enumerate(json.loads(payload or b"[]"))]


def _decoded(line: str, number: int) -> object:
    try:
        return json.loads(line)
    except ValueError as error:
        raise _invalid(f"line {number}: not JSON ({error}).") from error


def _text(row: Mapping[str, object], key: str, where: str) -> str:
    value = row.get(key, "")
    if not isinstance(value, str):
        raise _invalid(f"{where}: {key} must be a string.")
    return value.strip()


def _invalid(message: str) -> InvalidInput:
    return InvalidInput(message, code="questions_invalid")
