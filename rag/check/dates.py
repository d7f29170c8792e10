"""Dates and times of day as people write them, in English, German and ISO 8601."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

Parts = tuple[float | None, ...]
"""(year, month, day) of a date, None for what is not said; (minutes after midnight,) of a time."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A date or time of day at characters [start, end) of a text, with all that it may mean."""

    kind: str
    readings: frozenset[Parts]
    start: int
    end: int


_MONTHS = (
    "jan(?:uary|uar)?", "feb(?:ruary|ruar)?", "mar(?:ch)?|märz?|mrz", "apr(?:il)?", "may|mai", "june?|juni",
    "july?|juli", "aug(?:ust)?", "sept?(?:ember)?", "o[ck]t(?:ober)?", "nov(?:ember)?", "de[cz](?:ember)?",
)  # fmt: skip
_MONTH = rf"(?P<month>(?i:{'|'.join(_MONTHS)}))(?![^\W\d_])\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?"
_YEAR = r"(?P<year>[12]\d{3})"
_FULL = re.compile(
    rf"""(?<![\w/.-])(?:
      {_YEAR}-(?P<iso_month>\d\d)-(?P<iso_day>\d\d)(?![\d-])
    | (?P<first>\d{{1,2}})(?P<mark>[./-])(?P<second>\d{{1,2}})(?P=mark)(?P<short>[12]\d{{3}}|\d\d)(?![\w/-])
    )""",
    re.VERBOSE,
)
_NAMED = tuple(
    re.compile(rf"(?<![\w/.-]){pattern}")
    for pattern in (
        rf"{_DAY}\s+(?:of\s+)?{_MONTH}(?:,?\s+{_YEAR}(?!\d))?",
        rf"{_MONTH}\s+{_DAY}(?!\d)(?:,?\s+{_YEAR}(?!\d))?",
        rf"{_MONTH},?\s+(?:of\s+)?{_YEAR}(?!\d)",
        rf"(?:(?<=in )|(?<=since )|(?<=until )|(?<=im )|(?<=seit )|(?<=bis )){_MONTH}",
    )
)
"""Day and month, month and day, month and year, month alone: the first that fits."""
_YEAR_ALONE = re.compile(
    r"(?:(?<=\()|(?<=[12]\d{3}[-–])|(?<![^\W\d_])(?i:in|since|from|until|till|by|of|before|after|between|and|to|"
    r"during|early|late|year|years|seit|ab|bis|von|vor|nach|jahr|jahre|um|anno|ca\.|around|about)\s+|^\s*)"
    r"(?P<year>1\d{3}|20\d\d)(?![\w%°€$£]|[.,/]\d|\s*(?:-|–)\s*\d{1,3}(?!\d))"
)
_SHORT_YEAR = re.compile(
    r"(?<!\d)(?P<century>1\d|20)(?P<from>\d\d)\s?(?:-{1,2}|–|/)\s?(?P<to>\d\d)(?![\w.,:/-])"
)
"""A span of years, the second without its century: "2007-08"."""
_NOON = {"noon": 720.0, "midday": 720.0, "midnight": 0.0, "mittag": 720.0, "mitternacht": 0.0}
_TIME = re.compile(
    r"""(?:(?<=\dT)|(?<![\w.,:/-]))(?:
      (?P<hour>\d{1,2})(?:[:.](?P<minute>[0-5]\d))?\s?(?P<half>(?i:[ap]m|[ap]\.\s?m\.?))(?!\w)
    | (?P<hour2>\d{1,2})(?:[:.](?P<minute2>[0-5]\d))?\s?Uhr(?:\s(?P<minute3>[0-5]?\d))?(?![\w.,]\d)
    | (?P<hour4>\d{1,2}):(?P<minute4>[0-5]\d)(?::[0-5]\d)?(?!\d)
    | (?P<hour5>\d{1,2})\s?o['’]clock
    | (?P<word>(?i:noon|midday|midnight|mitternacht))(?!\w)
    )""",
    re.VERBOSE,
)  # fmt: skip
_BOUND_HOUR = re.compile(
    r"(?<![\w.,:/-])(?P<hour>\d{1,2})(?:[:.](?P<minute>[0-5]\d))?\s?(?:-|–|to|until|till|and)\s?$"
)
_REACH = 12
"""Characters in front of a time in which the hour that a range begins with is looked for: "6 to 8 pm"."""


def moments(text: str) -> Iterator[Moment]:
    """Dates and times of the text, by kind and not in order."""
    for match in _FULL.finditer(text):
        yield from _made(match, "date", frozenset(_numeric(match)))
    for pattern in _NAMED:
        for match in pattern.finditer(text):
            yield from _made(match, "date", frozenset(_named(match)))
    for match in _TIME.finditer(text):
        yield from _made(match, "time", frozenset(_times(match)))
        yield from _range_start(text, match)


def years(text: str) -> Iterator[Moment]:
    """What is likely a year by the word in front of it, in order; it may also be a plain number."""
    for match in _SHORT_YEAR.finditer(text):
        for name in ("from", "to"):
            year = (float(match["century"] + match[name]), None, None)
            start = match.start("century") if name == "from" else match.start("to")
            yield Moment("date", frozenset({year}), start, match.end(name))
    for match in _YEAR_ALONE.finditer(text):
        year = (float(match["year"]), None, None)
        yield Moment("date", frozenset({year}), match.start("year"), match.end("year"))


def _made(match: re.Match[str], kind: str, readings: frozenset[Parts]) -> Iterator[Moment]:
    if readings:
        yield Moment(kind, readings, match.start(), match.end())


def _date(year: float | None, month: int, day: int | None) -> Iterator[Parts]:
    if 1 <= month <= 12 and (day is None or 1 <= day <= 31):
        yield (year, float(month), None if day is None else float(day))


def _numeric(match: re.Match[str]) -> Iterator[Parts]:
    if match["year"]:
        yield from _date(float(match["year"]), int(match["iso_month"]), int(match["iso_day"]))
        return
    year = int(match["short"])
    full = float(year if year > 99 else year + (2000 if year < 70 else 1900))
    first, second = int(match["first"]), int(match["second"])
    yield from _date(full, second, first)
    if match["mark"] != ".":  # the points are of the day first, the strokes of both
        yield from _date(full, first, second)


def _named(match: re.Match[str]) -> Iterator[Parts]:
    if match["month"][0].islower():
        return  # "it may 5 times"
    number = next(n for n, name in enumerate(_MONTHS, start=1) if re.fullmatch(name, match["month"].lower()))
    said = match.groupdict()
    year = float(said["year"]) if said.get("year") else None
    day = int(said["day"]) if said.get("day") else None
    yield from _date(year, number, day)


def _times(match: re.Match[str]) -> Iterator[Parts]:
    if match["word"]:
        yield (_NOON[match["word"].lower()],)
        return
    hour = int(match["hour"] or match["hour2"] or match["hour4"] or match["hour5"])
    minute = int(match["minute"] or match["minute2"] or match["minute3"] or match["minute4"] or 0)
    if match["half"]:
        yield from _halved(hour, minute, match["half"])
    elif hour < 24:
        yield (hour * 60.0 + minute,)
        if match["hour5"] and hour <= 12:
            yield ((hour % 12 + 12) * 60.0 + minute,)


def _halved(hour: int, minute: int, half: str) -> Iterator[Parts]:
    if 1 <= hour <= 12:
        yield ((hour % 12 + (12 if half.lower().startswith("p") else 0)) * 60.0 + minute,)


def _range_start(text: str, match: re.Match[str]) -> Iterator[Moment]:
    """The hour in front of a range that one "pm" or "Uhr" stands behind."""
    half, first = match["half"], max(0, match.start() - _REACH)
    before = _BOUND_HOUR.search(text, first, match.start()) if half else None
    if half and before:
        found = frozenset(_halved(int(before["hour"]), int(before["minute"] or 0), half))
        end = before.end("minute") if before["minute"] else before.end("hour")
        if found:
            yield Moment("time", found, before.start(), end)
