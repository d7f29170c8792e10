"""Fields of decoded rows, each checked; `where` opens the message of InvalidInput `cases_invalid`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eval.cases.case import invalid

Fields = Mapping[str, object]


def fields_of(row: object, where: str) -> dict[str, object]:
    """A row as an object."""
    if not isinstance(row, Mapping):
        raise invalid(f"{where}: a case is an object with a question.")
    return {str(key): value for key, value in row.items()}


def text(row: Fields, key: str, where: str) -> str | None:
    """A string; None where it is missing or blank."""
    value = row.get(key)
    if value is not None and not isinstance(value, str):
        raise invalid(f"{where}: {key} must be a string.")
    return value if value is not None and value.strip() else None


def question(row: Fields, key: str, where: str) -> str:
    """The question, which a case cannot lack."""
    found = text(row, key, where)
    if found is None:
        raise invalid(f"{where}: the question is missing or empty.")
    return found


def texts(row: Fields, key: str, where: str) -> tuple[str, ...] | None:
    """A list of strings, or one string; None where it is missing or empty."""
    value = row.get(key)
    if value is None:
        return None
    value = [value] if isinstance(value, str) else value
    if not isinstance(value, Sequence) or not all(isinstance(part, str) for part in value):
        raise invalid(f"{where}: {key} must be a string or a list of strings.")
    return tuple(value) or None


def label(row: Fields, key: str, where: str) -> str | None:
    """A name, which may be written as a whole number."""
    value = row.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text(row, key, where)


def flag(row: Fields, key: str, where: str) -> bool | None:
    """True, false or not known."""
    value = row.get(key)
    if value is not None and not isinstance(value, bool):
        raise invalid(f"{where}: {key} must be true or false.")
    return value
