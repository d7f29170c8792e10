"""What kind of quantity a figure is, by its unit, and which one a question asks for, by its words.

English words and the units of SI, trade and office; a unit or question that no list knows has no kind.
"""

from __future__ import annotations

import re

_UNITS = {
    "length": "mm cm m km metre metres meter meters millimetre millimetres centimetre centimetres kilometre "
    "kilometres kilometer kilometers inch inches ft foot feet yard yards mile miles",
    "mass": "mg g kg t gram grams gramme grammes kilogram kilograms tonne tonnes ton tons lb lbs "
    "pound oz ounces",
    "volume": "ml cl l litre litres liter liters gallon gallons megalitres m3 m³ hectolitres",
    "area": "m2 m² km² km2 ha hectare hectares acre acres sqm",
    "time": "s sec second seconds min mins minute minutes h hr hrs hour hours day days "
    "week weeks month months "
    "year years ms",
    "money": "eur usd gbp chf jpy dollar dollars euro euros cents pence pounds",
    "power": "w kw mw hp watt watts kilowatt kilowatts",
    "energy": "kwh mwh j kj joule joules wh",
    "pressure": "bar mbar psi pa kpa mpa hpa",
    "temperature": "°c °f degrees c° celsius fahrenheit",
    "speed": "km/h mph m/s kph knots",
    "voltage": "v kv volt volts",
    "current": "a ma amp amps ampere amperes",
}
_KIND = {unit: kind for kind, units in _UNITS.items() for unit in units.split()}
_LONGER = (
    (re.compile(r"\b(?:cubic|cu\.?) (?:met|cent|feet|foot|yard|inch)\w*", re.IGNORECASE), "volume"),
    (re.compile(r"\b(?:square|sq\.?) (?:met|kilomet|feet|foot|mile|yard|inch)\w*", re.IGNORECASE), "area"),
)
_FIGURE = re.compile(
    r"(?P<before>[$€£¥])?\s?(?P<number>\d[\d,.]*\d|\d)[\s-]*(?P<unit>[$€£¥%]|°[CF]|[^\W\d_]+[²³23]?(?:/[a-z]+)?)?"
)
_WORDED = re.compile(
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|sixty|"
    r"seventy|eighty|ninety|hundred|thousand|half an?|an?)[\s-]+(?P<unit>[a-z]+)\b",
    re.IGNORECASE,
)
_ASKED = (
    ("money", r"\bhow much (?:\w+ ){1,5}costs?\b|"
        r"\bhow (?:expensive|costly)\b|\bhow much is the (?:fee|fare|rent|price)\b"),
    ("length", r"\bhow (?:tall|high|deep|wide|thick|broad)\b|"
        r"\bwhat(?:'s| is) the (?:height|width|depth|thickness)\b"),
    ("mass", r"\bhow heavy\b|\bhow much (?:\w+ ){1,4}weighs?\b|\bwhat(?:'s| is) the (?:weight|mass)\b"),
    ("temperature", r"\bhow (?:hot|cold|warm)\b|\bwhat(?:'s| is) the temperature\b|"
        r"\b(?:what|which) temperature\b"),
    ("speed", r"\bhow fast\b|\bwhat(?:'s| is) the (?:top |maximum )?speed\b"),
    ("voltage", r"\b(?:what|which) voltage\b|\bwhat(?:'s| is) the (?:\w+ )?voltage\b"),
    ("pressure", r"\b(?:what|which) pressure\b|\bwhat(?:'s| is) the (?:\w+ )?pressure\b"),
    ("area", r"\bwhat(?:'s| is) the area\b"),
    ("volume", r"\bwhat(?:'s| is) the volume\b"),
)  # fmt: skip
_ASKED_KINDS = [(kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _ASKED]


def kinds(text: str) -> frozenset[str]:
    """The kinds of the quantities in the text, figures and numbers in words; `figure` for one whose unit is
    not known.
    """
    found = {kind for pattern, kind in _LONGER if pattern.search(text)}
    found |= {_kind(match) for match in _FIGURE.finditer(text)}
    found |= {_KIND[unit] for match in _WORDED.finditer(text) if (unit := match["unit"].lower()) in _KIND}
    return frozenset(found)


def _kind(match: re.Match[str]) -> str:
    unit = match["unit"] or ""
    if match["before"] or unit in ("$", "€", "£", "¥"):
        return "money"
    if unit == "%":
        return "share"
    return _KIND.get(unit) or _KIND.get(unit.lower()) or "figure"


def is_unit(word: str) -> bool:
    """Whether the word is a unit, as it stands in a cell or in brackets behind a column's name."""
    return word.lower() in _KIND or word in ("%", "$", "€", "£", "¥", "°C", "°F")


def asked_kind(question: str) -> str | None:
    """The kind of quantity that the question plainly asks for."""
    return next((kind for kind, pattern in _ASKED_KINDS if pattern.search(question)), None)


def figure(text: str) -> tuple[float, str] | None:
    """A cell's one figure and the words around it: "1,200 kg" is (1200.0, "kg"); None for none or more."""
    numbers = re.findall(r"\d[\d,]*(?:\.\d+)?", text)
    if len(numbers) != 1:
        return None
    rest = " ".join(text.replace(numbers[0], " ", 1).split())
    sign = -1 if re.match(r"[-−–]\s?\d", text) else 1
    return sign * float(numbers[0].replace(",", "")), rest.lstrip("-−– ")
