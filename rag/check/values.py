"""The typed values of a text: quantities with their unit, money, shares, counts, dates and times of day."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from rag.check.dates import Parts, moments, years
from rag.check.numbers import (
    HALF_WORDS,
    NUMBER,
    PART_WORDS,
    SCALE,
    Readings,
    is_fraction,
    read_number,
    scale_of,
)
from rag.check.units import CURRENCIES, CURRENCY, UNIT, Unit, unit_of
from rag.text.words import FINITE, QUOTING_STOP_WORDS, STOP_WORDS, stem

_CLOSE = 1e-6
"""Relative difference below which two quantities are one: conversions are not exact in binary."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value at characters [start, end) of a text.

    `kind` is a dimension, "money", "count", "date" or "time"; `readings` are the values that it may have, in
    base units, `plain` the numbers as they are written. `of` holds the stems of what is counted. `bound` is
    "least", "most" or "about" where the text only limits it, else ""; `currency` is a code, of money alone.
    """

    kind: str
    readings: frozenset[Parts]
    start: int
    end: int
    plain: Readings = frozenset()
    of: frozenset[str] = frozenset()
    bound: str = ""
    currency: str = ""
    unit: Unit | None = None


_QUANTITY = re.compile(
    rf"(?P<sign>(?<![\w)])(?:[-−–]|minus )(?=\d))?(?:(?<!\w)(?P<currency>{CURRENCY}\s?)|(?<![\w.,]))"
    rf"(?P<number>{NUMBER})(?:[ \u00a0]?(?P<scale>{SCALE}))?(?(currency)(?P<short>[kmM](?!\w))?)"
    rf"(?:(?:[ \u00a0-]|\s(?:an?|of an?|eine[nr]?|a)\s)?(?P<unit>{UNIT}))?"
)
_IDENTIFIER = re.compile(r"[^\W\d_][-–/_]?$|\w$")
_NOUNS = re.compile(r"(?:[ \u00a0-](?:of |the )?([^\W\d_]{2,}))(?: ([^\W\d_]{3,}))?")
_JOINED = re.compile(r"\s?(?:-|–|to|and|or|bis|und|oder|through)\s?")
_BOUNDS = {
    "least": r"at least|no less than|not less than|more than|over|above|minimum(?: of)?|mindestens|über|≥|>",
    "most": r"at most|no more than|not more than|up to|less than|under|below|maximum(?: of)?|"
    r"höchstens|bis zu|unter|≤|<",
    "about": r"about|around|approximately|approx\.|roughly|nearly|almost|some|circa|ca\.|"
    r"etwa|rund|ungefähr|fast|~|≈",
}
_BOUND = re.compile(
    "(?:" + "|".join(rf"(?P<{name}>{words})" for name, words in _BOUNDS.items()) + r")\s*$", re.IGNORECASE
)
_BEFORE = 20
"""Characters in front of a value in which a limit is looked for."""
_ABOUT = 0.1
"""Relative difference within which two values that are only about right agree."""
_EARLIEST_YEAR, _LATEST_YEAR = 1000, 2099
_WORD_BEFORE = re.compile(r"(?<![^\W\d_])([^\W\d_]+)[ \u00a0]$")
_BEHIND_SHARE = re.compile(r"\s+([^\W\d_]+)")


def values_in(text: str) -> tuple[Value, ...]:
    """The values of a text in their order; none overlap."""
    taken = bytearray(len(text))
    dated = _untaken(taken, (Value(one.kind, one.readings, one.start, one.end) for one in moments(text)))
    counted = [one for one in _quantities(text) if not any(taken[one.start : one.end])]
    sure = _untaken(taken, (one for one in counted if one.kind != "count" or max(one.plain) > _LATEST_YEAR))
    dated += _untaken(taken, _years(text))
    plain = _untaken(taken, counted)
    numbers = sorted([*sure, *plain], key=lambda one: one.start)
    found = sorted([*dated, *_shared_units(text, numbers)], key=lambda one: one.start)
    return tuple(replace(one, bound=_bound(text, one.start)) for one in found)


def _untaken(taken: bytearray, values: Iterable[Value]) -> list[Value]:
    """The values that overlap none in front of them, nor what is taken; their characters are taken then."""
    kept: list[Value] = []
    for value in values:
        if not any(taken[value.start : value.end]):
            taken[value.start : value.end] = b"\1" * (value.end - value.start)
            kept.append(value)
    return kept


def _years(text: str) -> Iterator[Value]:
    for found in years(text):
        number = frozenset(p[0] for p in found.readings if p[0] is not None)
        yield Value(found.kind, found.readings, found.start, found.end, number)


def _bound(text: str, start: int) -> str:
    found = _BOUND.search(text, max(0, start - _BEFORE), start)
    before = text[found.start() - 1 : found.start()] if found else ""
    return found.lastgroup or "" if found and not before.isalpha() else ""


def _quantities(text: str) -> Iterator[Value]:
    for match in _QUANTITY.finditer(text):
        front = match.start()
        if not match["currency"] and _IDENTIFIER.search(text, max(0, front - 2), front):
            continue
        if match["number"][0].isalpha() and text[front - 1 : front].isalpha():
            continue
        value = _quantity(text, match)
        if value is not None and not _is_label(text, match, value):
            yield value


def _is_label(text: str, match: re.Match[str], value: Value) -> bool:
    """Whether a plain number names the thing in front of it: "tank 3", "Room 12"."""
    if value.kind != "count" or match["scale"] or not match["number"].isdigit():
        return False
    before = _WORD_BEFORE.search(text, max(0, match.start() - _BEFORE), match.start())
    if before is None:
        return False
    word = before[1].lower()
    bare = word not in QUOTING_STOP_WORDS and word not in FINITE and not _bound(text, match.start())
    return bare and (before[1][0].isupper() or not word.endswith(("s", "ed", "ly")))


def _quantity(text: str, match: re.Match[str]) -> Value | None:
    plain, written, scale = read_number(match["number"]), match["unit"], match["scale"] or match["short"]
    named = match["currency"].strip() if match["currency"] else written
    unit = unit_of(named) if named else None
    if not plain or (unit is None and text[match.end() : match.end() + 1].isalpha()):
        return None
    size = (scale_of(scale) if scale else 1.0) * (-1 if match["sign"] else 1)
    return _typed(text, match, frozenset(number * size for number in plain), unit)


def _typed(text: str, match: re.Match[str], numbers: Readings, unit: Unit | None) -> Value | None:
    end = match.end()
    value = Value("count", frozenset((n,) for n in numbers), match.start(), end, numbers)
    if unit is not None:
        return of_unit(value, unit)
    word = re.split(r"[ -]", match["number"])[-1].lower()
    if word in ("one", "eins"):
        return None
    if word in PART_WORDS:
        behind = _BEHIND_SHARE.match(text, end)
        ordinal = word not in HALF_WORDS and behind is not None and behind[1].lower() not in STOP_WORDS
        return None if ordinal else replace(value, kind="ratio")
    if is_fraction(match["number"]):
        return replace(value, kind="ratio")
    return replace(value, of=_counted(text, end))


def of_unit(value: Value, unit: Unit) -> Value:
    """The value's number in a unit."""
    readings = frozenset((n * unit.factor + unit.offset,) for n in value.plain)
    money = unit.dimension in CURRENCIES
    kind, currency = ("money", unit.dimension) if money else (unit.dimension, "")
    return replace(value, kind=kind, readings=readings, currency=currency, of=frozenset(), unit=unit)


def _counted(text: str, end: int) -> frozenset[str]:
    """The stems of the one or two words behind a number."""
    match = _NOUNS.match(text, end)
    words = [word.lower() for word in match.groups() if word] if match else []
    if words and words[0] in STOP_WORDS:
        return frozenset()
    return frozenset(stem(word) for word in words if word not in STOP_WORDS)


def _shared_units(text: str, values: list[Value]) -> Iterator[Value]:
    """The values, those that begin a range or a list with the unit at its end: "10 to 20 bar"."""
    following: Value | None = None
    shared: list[Value] = []
    for value in reversed(values):
        bare = value.kind == "count" and not value.of and following is not None
        if bare and following and _JOINED.fullmatch(text, value.end, following.start):
            value = _like(value, following)
        shared.append(value)
        following = value
    yield from reversed(shared)


def _like(value: Value, other: Value) -> Value:
    """The value in the unit of another one, or counting what it counts."""
    return of_unit(value, other.unit) if other.unit else replace(value, of=other.of)


def _alike(first: Value, second: Value) -> tuple[Value, Value]:
    """The two values, a year read as a plain number beside a number that might be a year."""
    kinds = {first.kind, second.kind}
    year = all(
        one.plain and min(one.plain) >= _EARLIEST_YEAR and max(one.plain) <= _LATEST_YEAR
        for one in (first, second)
    )
    return (_as_count(first), _as_count(second)) if kinds == {"count", "date"} and year else (first, second)


def _as_count(value: Value) -> Value:
    return replace(value, kind="count", readings=frozenset((n,) for n in value.plain), of=frozenset())


def same(claim: Value, other: Value) -> bool:
    """Whether the evidence's value says what the claim's says: no part of the claim's is missing in it."""
    claim, other = _alike(claim, other)
    if claim.kind == other.kind:
        if claim.currency != other.currency:
            return False
        return any(
            len(a) == len(b) and all(x is None or _close(x, y) for x, y in zip(a, b, strict=True))
            for a in claim.readings
            for b in other.readings
        )
    bare = (one for one in (claim, other) if one.kind == "count" and not one.of)
    return next(bare, None) is not None and any(_close(x, y) for x in claim.plain for y in other.plain)


def differs(claim: Value, other: Value) -> bool:
    """Whether both say something of one kind that cannot be true at once."""
    claim, other = _alike(claim, other)
    if claim.kind != other.kind or same(claim, other):
        return False
    if claim.kind == "count" and claim.of and not (claim.of & other.of):
        return False
    if claim.bound != other.bound or _is_within(claim, other):
        return False
    return (
        all(
            any(x is not None and y is not None and not _close(x, y) for x, y in zip(a, b, strict=True))
            for a in claim.readings
            for b in other.readings
        )
        or claim.currency != other.currency
    )


def _is_within(claim: Value, other: Value) -> bool:
    """Whether two limits of one kind agree: who has "over 1,350" has "over 1,300" too."""
    pairs = [(a[0], b[0]) for a in claim.readings for b in other.readings if len(a) == len(b) == 1]
    known = [(x, y) for x, y in pairs if x is not None and y is not None]
    if claim.bound == "least":
        return any(x <= y for x, y in known)
    if claim.bound == "most":
        return any(x >= y for x, y in known)
    return claim.bound == "about" and any(abs(x - y) <= _ABOUT * abs(y) for x, y in known)


def compatible(claim: Value, other: Value) -> bool:
    """Whether two values of one kind may be true of one thing: the same, or one says less than the other."""
    if claim.kind == other.kind == "count" and not (claim.of & other.of):
        return same(claim, other)
    return same(claim, other) or (claim.kind == other.kind and not differs(claim, other))


def _close(x: float, y: float | None) -> bool:
    return y is not None and math.isclose(x, y, rel_tol=_CLOSE, abs_tol=1e-9)
