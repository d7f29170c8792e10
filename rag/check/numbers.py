"""Numbers as people write them: digits with separators, fractions, words in English and German."""

from __future__ import annotations

import re

Readings = frozenset[float]
"""What a number may mean: "1.600" is 1.6 in one country and 1600 in another."""

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_GERMAN_UNITS = (
    "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn "
    "siebzehn achtzehn neunzehn"
)
_GERMAN_TENS = "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig"
_SCALES = {
    "hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12,
    "hundert": 1e2, "tausend": 1e3, "millionen": 1e6, "milliarde": 1e9, "milliarden": 1e9,
    "dozen": 12.0, "dutzend": 12.0,
}  # fmt: skip
_SHORT_SCALES = {"m": 1e6, "mn": 1e6, "mio": 1e6, "mio.": 1e6, "bn": 1e9, "mrd": 1e9, "mrd.": 1e9, "k": 1e3}


def _simple_words() -> dict[str, float]:
    """Number words below a hundred."""
    words: dict[str, float] = {}
    for units, tens in ((_UNITS, _TENS), (_GERMAN_UNITS, _GERMAN_TENS)):
        words.update({word: float(n) for n, word in enumerate(units.split())})
        words.update({word: float(20 + 10 * n) for n, word in enumerate(tens.split())})
    for n, ten in enumerate(_GERMAN_TENS.split()):
        for m, one in enumerate(_GERMAN_UNITS.split()[1:10], start=1):
            words[f"{'ein' if m == 1 else one}und{ten}"] = float(20 + 10 * n + m)
    return words


_SIMPLE = _simple_words()
_SIGNS = {"½": 0.5, "¼": 0.25, "¾": 0.75, "⅓": 1 / 3, "⅔": 2 / 3, "⅕": 0.2, "⅛": 0.125}
_PARTS = {
    "half": 0.5, "halves": 0.5, "third": 1 / 3, "thirds": 1 / 3, "quarter": 0.25, "quarters": 0.25,
    "fifth": 0.2, "fifths": 0.2, "tenth": 0.1, "tenths": 0.1,
    "halb": 0.5, "halbe": 0.5, "halben": 0.5, "halber": 0.5, "halbes": 0.5, "hälfte": 0.5,
    "drittel": 1 / 3, "viertel": 0.25, "fünftel": 0.2, "zehntel": 0.1,
}  # fmt: skip
_ARTICLES = frozenset(
    {"a", "an", "one", "ein", "eine", "einen", "einer", "eines", "einem", "the", "die", "das"}
)

DIGITS = r"(?:\d{1,3}(?:[ \u00a0\u202f'’]\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)*)"
_SIGN = f"[{''.join(_SIGNS)}]"
_WORDS = sorted({*_SIMPLE, *_SCALES}, key=lambda word: -len(word))
_WORD = rf"(?:{'|'.join(_WORDS)})(?![^\W\d_])"
_PART = rf"(?:{'|'.join(sorted(_PARTS, key=lambda word: -len(word)))})(?![^\W\d_])"
_MIXED = rf"(?:\d+[ \u00a0]?{_SIGN}|{_SIGN}|(?:\d{{1,3}} )?\d{{1,2}}/\d{{1,2}}(?![\d/]))"
_SPOKEN = rf"(?:(?:an?|one|ein(?:e|en)?) (?=(?:{'|'.join(_SCALES)})\b))?{_WORD}(?:(?:[ -]| and ){_WORD})*"
_AND_HALF = rf"(?:{_WORD}|\d+) (?:and (?:a|one) half|einhalb)(?!\w)"
_SHARE = rf"(?:(?:an?|one|ein(?:e|en)?|the|die|{_WORD})[ -])?{_PART}"
NUMBER = rf"(?:{_MIXED}|(?i:{_AND_HALF})|{DIGITS}|(?i:{_SHARE}|{_SPOKEN}))"
"""A pattern of a number."""
SCALE = rf"(?:(?i:{'|'.join(_SCALES)})(?!\w)|(?:Mio\.?|Mrd\.?|bn|mn)(?!\w))"
"""A pattern of a multiplier behind a number: "million", "bn"."""
PART_WORDS = frozenset(_PARTS)
HALF_WORDS = frozenset(word for word, size in _PARTS.items() if size == 0.5)
"""Words of parts that are no ordinals as well, as "third" is."""


def is_fraction(written: str) -> bool:
    """Whether a number is written with a stroke or a sign of its own: "1/2", "½"."""
    return "/" in written or written[-1] in _SIGNS


def scale_of(written: str) -> float:
    """What a multiplier multiplies by."""
    return _SCALES.get(written.lower()) or _SHORT_SCALES[written.lower()]


def read_number(written: str) -> Readings:
    """What a text that matches NUMBER may mean; nothing where it is no number, as "3.2.1"."""
    text = written.strip()
    if halved := re.fullmatch(r"(\w+) (?:and (?:a|one) half|einhalb)", text, re.IGNORECASE):
        return frozenset(number + 0.5 for number in read_number(halved[1]))
    if text[0].isdigit() and not re.search(rf"{_SIGN}|/", text):
        return read_digits(text)
    if text[0].isdigit() or text[0] in _SIGNS:
        return _read_mixed(text)
    return _read_words(re.split(r"[ -]+", text.lower()))


def read_digits(text: str) -> Readings:
    """Digits with separators of thousands and decimals, by either custom."""
    text = re.sub(r"[ \u00a0\u202f'’]", "", text)
    marks = [mark for mark in text if mark in ".,"]
    groups = re.split(r"[.,]", text)
    if groups[0][0] == "0" and len(groups[0]) > 1:
        return frozenset()  # a telephone number or the like
    if not marks:
        return frozenset({float(text)})
    grouped = len(groups[0]) <= 3 and groups[0][0] != "0"
    if len({*marks}) == 2:
        whole, fraction = groups[:-1], groups[-1]
        if marks.count(marks[-1]) > 1 or not grouped or any(len(group) != 3 for group in whole[1:]):
            return frozenset()
        return frozenset({float(f"{''.join(whole)}.{fraction}")})
    thousands = (
        {float("".join(groups))} if grouped and all(len(group) == 3 for group in groups[1:]) else set()
    )
    decimal = {float(f"{groups[0]}.{groups[1]}")} if len(groups) == 2 else set()
    return frozenset(thousands | decimal)


def _read_mixed(text: str) -> Readings:
    whole, sign = re.match(r"\d*", text), text[-1]
    if sign in _SIGNS and whole:
        return frozenset({float(whole[0] or 0) + _SIGNS[sign]})
    *front, fraction = text.split()
    above, below = (int(part) for part in fraction.split("/"))
    if not below or above >= below:
        return frozenset()
    return frozenset({(float(front[0]) if front else 0.0) + above / below})


def _read_words(words: list[str]) -> Readings:
    if words[-1] in _PARTS:
        count = 1.0 if len(words) == 1 or words[0] in _ARTICLES else _SIMPLE.get(words[0], 0.0)
        return frozenset({count * _PARTS[words[-1]]}) if count else frozenset()
    total, group = 0.0, 0.0
    for word in words:
        if word in _SIMPLE:
            group += _SIMPLE[word]
        elif word in _SCALES:
            group = (group or 1.0) * _SCALES[word]
            if _SCALES[word] >= 1e3:
                total, group = total + group, 0.0
    return frozenset({total + group})
