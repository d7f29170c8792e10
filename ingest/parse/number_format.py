"""Numbers as a sheet shows them, by the number format of their cell (ECMA-376 part 1, 18.8.30 and 18.8.31).

What a format shows is kept to the letter, with four exceptions. General keeps every digit, whatever fits
the column. A number that its format would show as zero keeps its digits. Midnight behind a date is left out.
Dates that depend on the reader's language are written as in ISO 8601.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from operator import eq, ge, gt, le, lt, ne
from typing import Literal

Kind = Literal["literal", "digit", "point", "comma", "percent", "exponent", "date", "time", "general", "text"]

_DATE, _TIME = "yyyy-mm-dd", "hh:mm:ss"
# Formats that files name by number alone and that each language shows in its own way.
LOCAL_FORMATS = {
    14: _DATE,
    22: f"{_DATE} hh:mm",
    **dict.fromkeys((*range(27, 32), 36, *range(50, 55), 57, 58), _DATE),
    **dict.fromkeys((32, 33, 34, 35, 55, 56), _TIME),
}
_PLAIN = ("", "general", "@", "standard")
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_.|\*.|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<general>general)|(?P<half>am/pm|a/p)|(?P<exponent>e[-+])"
    r"|(?P<date>y+|d+|m+)|(?P<time>h+|s+(?:\.0+)?)|(?P<digit>[0#?])|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_SECTION = re.compile(r'(?:"[^"]*"?|\\.|\[[^\]]*\]|[_*].|[^;])*', re.DOTALL)
_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)\s*(-?[\d.]+)\]")
_COMPARE = {"<": lt, ">": gt, "<=": le, ">=": ge, "=": eq, "<>": ne}
_CURRENCY = re.compile(r"\$([^-]*)(?:-(?:([0-9A-Fa-f]+)|(\S*)))?")
_ELAPSED = re.compile("h+|m+|s+", re.IGNORECASE)
_ENGLISH, _LANGUAGE, _SYSTEM = 0x09, 0x3FF, (0xF400, 0xF800)  # of Windows' language numbers
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_OTHER: dict[str, Kind] = {".": "point", ",": "comma", "%": "percent", "@": "text"}
_SIGNIFICANT, _NOISE = 15, 12  # digits: what a sheet computes with; what is meant when 15 come out shorter
_SMALLEST = -6  # the power of ten from which on numbers are written out
_ZERO = -12  # below this power of ten a number that is shown as zero is taken for one
_WHOLE = 1e16
_LEAP_DAY = 60  # 29 February 1900, which never was and which sheets count
_LAST_DAY = 2_958_466  # the year 10000
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class _Token:
    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class _Format:
    """One section: its tokens, whether it shows a date or time, and in a language that is known here."""

    tokens: tuple[_Token, ...]
    is_date: bool
    is_local: bool


def shown(number: float, code: str, *, from_1904: bool = False) -> str:
    """A number by a format's code; `from_1904` where days are counted from 1904 on."""
    if code.strip().lower() in _PLAIN:
        return general(number)
    section, negative_is_told = _section_for(number, code)
    chosen = _parsed(section)
    if chosen.is_date:
        return _shown_date(number, chosen, from_1904)
    sign = "-" if number < 0 and not negative_is_told else ""
    text = _shown_number(Decimal(repr(abs(number))), chosen.tokens)
    return f"{sign}{text}".strip()


def shown_text(text: str, code: str) -> str:
    """Text by the fourth section of a format, or by one that is for text alone; else as it is."""
    sections = _sections(code)
    if len(sections) < 4 and "@" not in sections[-1]:
        return text
    tokens = _parsed(sections[-1]).tokens
    return "".join(text if token.kind == "text" else token.text for token in tokens)


def general(number: float) -> str:
    """Every digit that was written, but none that only arithmetic with binary fractions brings in."""
    if isinstance(number, int) or (number.is_integer() and abs(number) < _WHOLE):
        return str(int(number))
    exact, computed = repr(number), f"{number:.{_SIGNIFICANT}g}"
    noisy = len(_digits(exact)) > _SIGNIFICANT and len(_digits(computed)) <= _NOISE
    value = Decimal(computed if noisy else exact)
    if value.is_finite() and _SMALLEST <= value.adjusted() < 0:
        return f"{value:f}"
    return computed if noisy else exact


def _digits(text: str) -> str:
    return text.lower().split("e")[0].replace(".", "").strip("-0")


# sections


@lru_cache(maxsize=512)
def _sections(code: str) -> list[str]:
    sections, at = [], 0
    while True:
        match = _SECTION.match(code, at)
        end = match.end() if match else len(code)
        sections.append(code[at:end])
        if end >= len(code):
            return sections
        at = end + 1


def _section_for(number: float, code: str) -> tuple[str, bool]:
    """The section for this number, and whether it says by itself that the number is negative."""
    sections = _sections(code)[:3]
    conditions = [_CONDITION.search(section) for section in sections]
    if any(conditions):
        for section, condition in zip(sections, conditions, strict=True):
            if condition is None or _COMPARE[condition[1]](number, float(condition[2])):
                return section, False
        return "General", False
    if number < 0 and len(sections) > 1:
        return sections[1], True
    return (sections[2], False) if number == 0 and len(sections) > 2 else (sections[0], False)


@lru_cache(maxsize=512)
def _parsed(section: str) -> _Format:
    tokens = tuple(_tokens(section))
    named = any(
        token.kind in ("date", "time")
        and ((len(token.text) > 2 and token.text[0] in "md") or "/" in token.text)
        for token in tokens
    )
    languages = [match[2] for match in map(_CURRENCY.match, re.findall(r"\[(\$[^\]]*)\]", section)) if match]
    numbers = [int(each, 16) for each in languages if each]
    foreign = any(each & _LANGUAGE != _ENGLISH and each not in _SYSTEM for each in numbers)
    is_local = any(each in _SYSTEM for each in numbers) or "sysdate" in section or "systime" in section
    is_date = any(token.kind in ("date", "time") for token in tokens)
    return _Format(_with_minutes(tokens), is_date, is_local or (named and foreign))


def _tokens(section: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(section):
        kind, text = match.lastgroup, match[0]
        if kind in ("quoted", "escaped"):
            yield _Token("literal", match[kind])
        elif kind == "bracket":
            yield from _bracket(match["bracket"])
        elif kind == "half":
            yield _Token("time", text.upper())
        elif kind in ("date", "time"):
            yield _Token("date" if kind == "date" else "time", text.lower())
        elif kind in ("digit", "exponent", "general"):
            yield _Token(
                "digit" if kind == "digit" else "exponent" if kind == "exponent" else "general", text
            )
        elif kind == "other":
            yield _Token(_OTHER.get(text, "literal"), text)
        else:
            yield _Token("literal", " ")  # room as wide as a letter, or filled with one


def _bracket(inside: str) -> Iterator[_Token]:
    if match := _CURRENCY.match(inside):
        yield _Token("literal", match[1])
    elif _ELAPSED.fullmatch(inside):
        yield _Token("time", f"[{inside.lower()}]")


def _with_minutes(tokens: Sequence[_Token]) -> tuple[_Token, ...]:
    """An m behind hours or before seconds is a minute."""
    places = [at for at, token in enumerate(tokens) if token.kind in ("date", "time")]
    made = list(tokens)
    for order, at in enumerate(places):
        if tokens[at].text not in ("m", "mm"):
            continue
        before = tokens[places[order - 1]].text if order else ""
        after = tokens[places[order + 1]].text if order + 1 < len(places) else ""
        if before.strip("[").startswith("h") or after.strip("[").startswith("s"):
            made[at] = _Token("time", tokens[at].text)
    return tuple(made)


# numbers


def _shown_number(value: Decimal, tokens: Sequence[_Token]) -> str:
    """A value that is not negative."""
    kinds = [token.kind for token in tokens]
    if "general" in kinds:
        plain = general(int(value) if value == value.to_integral() else float(value))
        return "".join(plain if token.kind == "general" else token.text for token in tokens)
    if "digit" not in kinds:
        return "".join(token.text for token in tokens)
    with localcontext() as context:
        context.prec = 400
        value *= Decimal(100) ** kinds.count("percent")
        slash = next((at for at, token in enumerate(tokens) if token.text == "/"), None)
        if slash is not None and "digit" in kinds[:slash]:
            return _fraction(value, tokens, slash)
        if "exponent" in kinds:
            return _scientific(value, tokens, kinds.index("exponent"))
        return _decimal(value, tokens)


def _decimal(number: Decimal, tokens: Sequence[_Token]) -> str:
    kinds = [token.kind for token in tokens]
    point = kinds.index("point") if "point" in kinds else len(tokens)
    places = [at for at, kind in enumerate(kinds) if kind == "digit"]
    whole = [at for at in places if at < point]
    value = number / Decimal(1000) ** (_commas(kinds, whole) + _commas(kinds, places[len(whole) :]))
    decimals = sum(place > point for place in places)
    rounded = value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    if not rounded and value.adjusted() >= _ZERO and value and whole:  # what is there is not shown as nothing
        if not decimals:
            more = (_Token("point", "."), _Token("digit", "#"))
            return _decimal(number, (*tokens[: whole[-1] + 1], *more, *tokens[whole[-1] + 1 :]))
        rounded = value
    digits, _, fraction = f"{rounded:f}".partition(".")
    grouped = bool(whole) and "comma" in kinds[whole[0] : whole[-1]]
    front = _whole_part(digits.lstrip("0"), tokens[:point], grouped)
    back = _fraction_part(fraction, tokens[point + 1 :])
    return front + ("." if point < len(tokens) and back[:1].isdigit() else "") + back


def _commas(kinds: Sequence[Kind], places: Sequence[int]) -> int:
    """How many commas follow the last of these places: each stands for a thousand that is not shown."""
    rest = kinds[places[-1] + 1 :] if places else ()
    return next((count for count, kind in enumerate(rest) if kind != "comma"), len(rest))


def _whole_part(digits: str, tokens: Sequence[_Token], grouped: bool) -> str:
    """Digits from the right into their places; those that have none stand before the first place."""
    left = sum(token.kind == "digit" for token in tokens)
    parts, count = list[str](), 0

    def put(digit: str) -> None:
        nonlocal count
        if grouped and count and count % 3 == 0:
            parts.append(",")
        parts.append(digit)
        count += 1

    for token in reversed(tokens):
        if token.kind == "digit":
            left -= 1
            if digits:
                put(digits[-1])
                digits = digits[:-1]
            elif token.text == "0":
                put("0")
            while left == 0 and digits:
                put(digits[-1])
                digits = digits[:-1]
        elif token.kind != "comma":
            parts.append(token.text[::-1])
    return "".join(parts)[::-1]


def _fraction_part(digits: str, tokens: Sequence[_Token]) -> str:
    """Digits behind the point; zeros at the end stand only where the format asks for them."""
    places = [token.text for token in tokens if token.kind == "digit"]
    needed = max((at + 1 for at, place in enumerate(places) if place == "0"), default=0)
    written = digits.rstrip("0").ljust(needed, "0")
    parts, rest = list[str](), sum(token.kind == "digit" for token in tokens)
    for token in tokens:
        if token.kind == "digit":
            rest -= 1
            parts.append(written if rest == 0 else written[:1])
            written = "" if rest == 0 else written[1:]
        elif token.kind != "comma":
            parts.append(token.text)
    return "".join(parts)


def _scientific(value: Decimal, tokens: Sequence[_Token], at: int) -> str:
    whole = sum(token.kind == "digit" for token in tokens[: _point(tokens[:at])])
    decimals = sum(token.kind == "digit" for token in tokens[_point(tokens[:at]) : at])
    step = Decimal(1).scaleb(-decimals)
    power = value.adjusted() if value else 0
    power -= power % whole if whole > 1 else 0
    if value.scaleb(-power).quantize(step, ROUND_HALF_UP) >= Decimal(10) ** max(whole, 1):
        power += max(whole, 1)
    mantissa = _decimal(value.scaleb(-power), tokens[:at])
    sign = "-" if power < 0 else "+" if tokens[at].text[1] == "+" else ""
    zeros = sum(token.kind == "digit" for token in tokens[at + 1 :])
    rest = "".join(token.text for token in tokens[at + 1 :] if token.kind != "digit")
    return f"{mantissa}E{sign}{str(abs(power)).zfill(zeros)}{rest}"


def _point(tokens: Sequence[_Token]) -> int:
    return next((at for at, token in enumerate(tokens) if token.kind == "point"), len(tokens))


def _fraction(value: Decimal, tokens: Sequence[_Token], slash: int) -> str:
    """Whole and part, as in 2 1/4; the denominator is given, or has at most so many digits."""
    above = [at for at, token in enumerate(tokens[:slash]) if token.kind == "digit"]
    start = above[-1]
    while start - 1 in above:
        start -= 1
    mixed = above[0] < start
    below = tokens[slash + 1 :]
    given = "".join(token.text for token in below if token.text.isdigit())
    size = sum(token.kind == "digit" for token in below)
    whole = int(value) if mixed else 0
    part = Fraction(value) - whole
    if given.strip("0"):
        bottom = int(given)
        top = round(part * bottom)
    else:
        near = part.limit_denominator(10 ** max(size, 1) - 1)
        top, bottom = near.numerator, near.denominator
    if mixed and top == bottom:
        whole, top = whole + 1, 0
    texts = [str(whole)] if mixed and (whole or not top) else []
    texts += [f"{top}/{bottom}"] if top or not mixed else []
    literals = [
        token.text
        for token in tokens
        if token.kind in ("literal", "percent") and token.text.strip(" /0123456789")
    ]
    return " ".join([*texts, *literals])


# dates and times


def _shown_date(number: float, chosen: _Format, from_1904: bool) -> str:
    tokens: Sequence[_Token] = chosen.tokens
    elapsed = any(token.text.startswith("[") for token in tokens)
    if not 0 <= number < _LAST_DAY and not elapsed:
        return general(number)
    fractions = max(
        (len(token.text.partition(".")[2]) for token in tokens if token.kind == "time"), default=0
    )
    seconds = round(abs(number) * _DAY_S, fractions)
    if elapsed:
        sign = "-" if number < 0 else ""
        return sign + "".join(_of_elapsed(token, seconds) for token in tokens).strip()
    has_date = any(token.kind == "date" for token in tokens)
    if has_date and number < 1 and not from_1904:
        return general(number)  # day 0 is no date
    moment = _moment(seconds, from_1904)
    if chosen.is_local:
        has_time = any(token.kind == "time" for token in tokens) and bool(seconds % _DAY_S or not has_date)
        return moment.strftime(" ".join(["%Y-%m-%d"] * has_date + ["%H:%M:%S"] * has_time))
    if has_date and not seconds % _DAY_S:
        tokens = _without_time(tokens)
    halves = any("/" in token.text for token in tokens if token.kind == "time")
    return "".join(_of_moment(token, moment, halves, seconds) for token in tokens).strip()


def _moment(seconds: float, from_1904: bool) -> datetime:
    if from_1904:
        start = datetime(1904, 1, 1)
    else:
        start = datetime(1899, 12, 30 if seconds >= _LEAP_DAY * _DAY_S else 31)
    return start + timedelta(seconds=seconds)


def _without_time(tokens: Sequence[_Token]) -> Sequence[_Token]:
    """From the first part of the date to the last one."""
    places = [at for at, token in enumerate(tokens) if token.kind == "date"]
    dates = tokens[places[0] : places[-1] + 1]
    return [token for token in dates if token.kind != "time"] if len(dates) < len(tokens) else dates


def _of_elapsed(token: _Token, seconds: float) -> str:
    if not token.text.startswith("["):
        return _of_moment(token, datetime(1900, 1, 1) + timedelta(seconds=seconds % _DAY_S), False, seconds)
    unit = {"h": 3600, "m": 60, "s": 1}[token.text[1]]
    return str(int(seconds // unit)).zfill(len(token.text) - 2)


def _of_moment(token: _Token, moment: datetime, halves: bool, seconds: float) -> str:
    text = token.text
    if token.kind == "date":
        return _of_date(text, moment)
    if token.kind != "time":
        return text
    if "/" in text:
        half = "AM" if moment.hour < 12 else "PM"
        return half if text == "AM/PM" else half[0]
    if text[0] == "h":
        hour = (moment.hour - 1) % 12 + 1 if halves else moment.hour
        return str(hour).zfill(min(len(text), 2))
    if text[0] == "m":
        return str(moment.minute).zfill(len(text))
    whole, point, places = text.partition(".")
    part = f"{seconds % 1:.{len(places)}f}"[1:] if point else ""
    return str(moment.second).zfill(min(len(whole), 2)) + part


def _of_date(text: str, moment: datetime) -> str:
    size = len(text)
    if text[0] == "y":
        return f"{moment.year:04d}" if size > 2 else f"{moment.year % 100:02d}"
    names, number = (_MONTHS, moment.month) if text[0] == "m" else (_DAYS, moment.day)
    if size < 3:
        return str(number).zfill(size)
    name = names[(number - 1) if names is _MONTHS else moment.weekday()]
    return name[:3] if size == 3 else name[0] if size == 5 else name
