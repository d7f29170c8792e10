"""What a metadata filter means: `matches` is the reference, and every index agrees with it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from rag.errors import InvalidInput
from rag.types import And, Document, Equals, Filter, In, Not, Or, Range, Scalar

RESERVED = ("source", "title", "media_type", "document_id")
"""Keys that name a property of the document; metadata under the same key is hidden by it."""
LONGEST_BOUND = 60
"""Bytes of UTF-8 in a textual range bound: dates need 32, and Qdrant compares text in pieces."""
DEEPEST = 16
"""Levels of and, or and not; deeper ones come from programs, not from people."""

Bound = float | str
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?\s?(?:[Zz]|[+-]\d\d(?::?\d\d)?)?)?"
)


def matches(document: Document, filters: Filter) -> bool:
    """Whether the document passes the filter.

    Text equals text, true and false equal only themselves, and 1 equals 1.0. A range holds for one number
    against numbers and one text against texts, never for a list, and not at all without a bound. Two texts
    that are dates compare as instants (see `instant`), all others by code point.
    """
    match filters:
        case Equals(key, value):
            return _contains(field(document, key), (value,))
        case In(key, values):
            return _contains(field(document, key), values)
        case Range(key):
            return within(field(document, key), filters)
        case And(parts):
            return all(matches(document, part) for part in parts)
        case Or(parts):
            return any(matches(document, part) for part in parts)
        case Not(part):
            return not matches(document, part)


def field(document: Document, key: str) -> Scalar | Sequence[str] | None:
    """The value behind a key, None when there is none."""
    if key == "document_id":
        return document.id
    if key in RESERVED:
        return str(getattr(document, key))
    return document.metadata.get(key)


def keys(filters: Filter) -> Iterator[str]:
    """Every key that a filter names."""
    match filters:
        case Equals(key, _) | In(key, _):
            yield key
        case Range(key):
            yield key
        case And(parts) | Or(parts):
            for part in parts:
                yield from keys(part)
        case Not(part):
            yield from keys(part)


def values(value: Scalar | Sequence[str] | None) -> tuple[Scalar, ...]:
    """What equality looks at: the items of a list, one scalar, or nothing."""
    if value is None:
        return ()
    if isinstance(value, str | int | float):
        return (value,)
    return tuple(value)


def typed(value: Scalar) -> tuple[str, Scalar]:
    """The value with its kind, such that two are equal exactly when the filter language says so."""
    if isinstance(value, bool):
        return "bool", value
    return ("text", value) if isinstance(value, str) else ("number", value)


def within(value: Scalar | Sequence[str] | None, bounds: Range) -> bool:
    """Whether one value lies in the range."""
    given = [(limit, how) for limit, how in _limits(bounds) if limit is not None]
    return bool(given) and all(_holds(value, limit, how) for limit, how in given)


def instant(text: str) -> float | None:
    """The moment that a date or time of ISO 8601 stands for, in seconds since 1970; None for any other text.

    A day stands for its beginning, and a time without an offset is in UTC.
    """
    if not _DATE.fullmatch(text):
        return None
    try:
        told = datetime.fromisoformat(text.replace(",", ".").replace(" +", "+").replace(" -", "-").upper())
        if told.tzinfo is None:
            told = told.replace(tzinfo=UTC)
        return (told - _EPOCH) / timedelta(seconds=1)
    except (ValueError, OverflowError):
        return None


def checked(filters: Filter | None) -> Filter | None:
    """The same filter; raises InvalidInput `invalid_filter` for one that the indexes cannot agree on."""
    if filters is not None:
        _check(filters, 0)
    return filters


def _contains(value: Scalar | Sequence[str] | None, wanted: Sequence[Scalar]) -> bool:
    held = {typed(item) for item in values(value)}
    return any(typed(item) in held for item in wanted)


def _limits(bounds: Range) -> list[tuple[Bound | None, str]]:
    return [(bounds.gt, "gt"), (bounds.gte, "gte"), (bounds.lt, "lt"), (bounds.lte, "lte")]


def _holds(value: Scalar | Sequence[str] | None, limit: Bound, how: str) -> bool:
    order = _order(value, limit)
    if order is None:
        return False
    return {"gt": order > 0, "gte": order >= 0, "lt": order < 0, "lte": order <= 0}[how]


def _order(value: Scalar | Sequence[str] | None, limit: Bound) -> int | None:
    """-1, 0 or 1 as the value lies below, on or above the limit; None when the two do not compare."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and isinstance(limit, str):
        moments = instant(value), instant(limit)
        if moments[0] is not None and moments[1] is not None:
            return (moments[0] > moments[1]) - (moments[0] < moments[1])
        return (value > limit) - (value < limit)
    if isinstance(value, int | float) and isinstance(limit, int | float):
        return (value > limit) - (value < limit)
    return None


def _check(filters: Filter, depth: int) -> None:
    if depth > DEEPEST:
        raise _invalid(f"A filter may nest {DEEPEST} levels deep.")
    match filters:
        case Equals(_, value):
            _check_number(value)
        case In(_, wanted):
            for value in wanted:
                _check_number(value)
        case Range():
            _check_range(filters)
        case And(parts) | Or(parts):
            for part in parts:
                _check(part, depth + 1)
        case Not(part):
            _check(part, depth + 1)


def _check_range(bounds: Range) -> None:
    given = [limit for limit, _ in _limits(bounds) if limit is not None]
    if not given:
        raise _invalid(f"The range of {bounds.key!r} has no bound.")
    for limit in given:
        _check_number(limit)
        if isinstance(limit, bool):
            raise _invalid(f"A bound of {bounds.key!r} is true or false; ranges compare numbers or texts.")
        if isinstance(limit, str) and len(limit.encode()) > LONGEST_BOUND:
            raise _invalid(f"A bound of {bounds.key!r} is longer than {LONGEST_BOUND} bytes.")


def _check_number(value: Scalar) -> None:
    """Servers compare numbers as doubles: what a double cannot hold would match there and not here."""
    if isinstance(value, bool | str):
        return
    if not math.isfinite(value) or (isinstance(value, int) and abs(value) > 2**53):
        raise _invalid("Numbers in a filter are finite and, when whole, at most 2**53.")


def _invalid(message: str) -> InvalidInput:
    return InvalidInput(message, code="invalid_filter")
