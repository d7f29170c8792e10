"""Units as they are written, each with its dimension and its size in the dimension's base unit."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unit:
    """`value · factor + offset` is in the dimension's base unit; a currency's dimension is its code."""

    dimension: str
    factor: float
    offset: float = 0.0


_PREFIXES = {
    "G": ("giga", 1e9), "M": ("mega", 1e6), "k": ("kilo", 1e3), "h": ("hecto", 1e2), "d": ("deci", 1e-1),
    "c": ("centi", 1e-2), "m": ("milli", 1e-3), "µ": ("micro", 1e-6), "n": ("nano", 1e-9),
}  # fmt: skip
_PREFIXED = {
    # symbol: dimension, factor, prefixes, names
    "m": ("length", 1.0, "kdcmµn", "metre meter"),
    "g": ("mass", 1e-3, "kmµ", "gram gramm gramme"),
    "l": ("volume", 1.0, "hdcmµ", "litre liter"),
    "L": ("volume", 1.0, "hdcmµ", ""),
    "V": ("voltage", 1.0, "Mkmµ", "volt"),
    "A": ("current", 1.0, "kmµ", "ampere amp"),
    "W": ("power", 1.0, "GMkm", "watt"),
    "Wh": ("energy", 3600.0, "GMk", "watt-hour watthour wattstunde"),
    "J": ("energy", 1.0, "GMkm", "joule"),
    "Hz": ("frequency", 1.0, "GMk", "hertz"),
    "Pa": ("pressure", 1.0, "GMkh", "pascal"),
    "bar": ("pressure", 1e5, "m", "bar"),
    "N": ("force", 1.0, "Mk", "newton"),
    "Nm": ("torque", 1.0, "k", "newton-metre newtonmeter"),
    "s": ("time", 1.0, "mµn", "second sekunde sec"),
    "Ω": ("resistance", 1.0, "GMk", "ohm"),
    "B": ("data", 1.0, "", "byte"),
}
_SINGLE = {
    # symbols: dimension, factor, names
    "min": ("time", 60.0, "minute mins"),
    "h": ("time", 3600.0, "hour hr hrs stunde std"),
    "d": ("time", 86400.0, "day tag tage"),
    "wk": ("time", 604800.0, "week woche"),
    "": ("months", 1.0, "month monat monate"),
    "yr": ("months", 12.0, "year jahr jahre"),
    "t": ("mass", 1e3, "tonne ton"),
    "lb lbs": ("mass", 0.45359237, "pound pfund"),
    "oz": ("mass", 0.028349523125, "ounce unze"),
    "ft": ("length", 0.3048, "foot feet fuß"),
    "mi": ("length", 1609.344, "mile meile"),
    "yd": ("length", 0.9144, "yard"),
    "″": ("length", 0.0254, "inch inches zoll"),
    "gal": ("volume", 3.785411784, "gallon"),
    "m² m2 qm sqm": ("area", 1.0, "square-metre square-meter quadratmeter"),
    "km² km2": ("area", 1e6, "square-kilometre square-kilometer quadratkilometer"),
    "cm² cm2": ("area", 1e-4, "square-centimetre square-centimeter quadratzentimeter"),
    "mm² mm2": ("area", 1e-6, "square-millimetre square-millimeter quadratmillimeter"),
    "ha": ("area", 1e4, "hectare hektar"),
    "m³ m3 cbm": ("volume", 1e3, "cubic-metre cubic-meter kubikmeter"),
    "cm³ cm3 ccm": ("volume", 1e-3, "cubic-centimetre cubic-centimeter kubikzentimeter"),
    "km/h kph": ("speed", 1 / 3.6, "kilometres-per-hour kilometers-per-hour stundenkilometer"),
    "mph": ("speed", 0.44704, "miles-per-hour"),
    "m/s": ("speed", 1.0, "metres-per-second meters-per-second"),
    "rpm": ("rotation", 1.0, "revolutions-per-minute umdrehungen-pro-minute"),
    "psi": ("pressure", 6894.757293168, ""),
    "dB dB(A)": ("level", 1.0, "decibel dezibel"),
    "hp": ("power", 745.699872, "horsepower"),
    "PS": ("power", 735.49875, ""),
    "kB KB": ("data", 1e3, "kilobyte"),
    "MB": ("data", 1e6, "megabyte"),
    "GB": ("data", 1e9, "gigabyte"),
    "TB": ("data", 1e12, "terabyte"),
    "KiB": ("data", 1024.0, "kibibyte"),
    "MiB": ("data", 1024.0**2, "mebibyte"),
    "GiB": ("data", 1024.0**3, "gibibyte"),
    "%": ("ratio", 0.01, "percent per-cent pct prozent"),
    "‰": ("ratio", 0.001, "permille promille"),
    "ppm": ("ratio", 1e-6, ""),
    "°": ("angle", 1.0, ""),
}  # fmt: skip
_TEMPERATURES = {
    # kelvin is the base unit
    "°C ℃": (1.0, 273.15, "degrees-celsius degree-celsius grad-celsius celsius grad"),
    "°F ℉": (5 / 9, 459.67 * 5 / 9, "degrees-fahrenheit degree-fahrenheit fahrenheit"),
    "K": (1.0, 0.0, "kelvin"),
}
_CURRENCIES = {
    "EUR": ("€", "euro"), "USD": ("US$ $", "dollar us-dollar"), "GBP": ("£", "pounds-sterling"),
    "JPY": ("¥", "yen"), "CHF": ("Fr.", "franken swiss-francs swiss-franc"), "SEK": ("", "swedish-kronor"),
    "INR": ("₹", "rupee"), "PLN": ("zł", "zloty"),
}  # fmt: skip
_PLURALS = ("", "s", "n", "en", "es")


def _tables() -> tuple[dict[str, Unit], dict[str, Unit], dict[str, Unit]]:
    """Units by symbol (the case counts), by name in lower case, and currencies by what stands in front."""
    symbols: dict[str, Unit] = {}
    names: dict[str, Unit] = {}

    def add(written: str, called: str, unit: Unit) -> None:
        symbols.update(dict.fromkeys(written.split(), unit))
        for name in called.split():
            names.update({name.replace("-", " ") + ending: unit for ending in _PLURALS})

    for symbol, (dimension, factor, prefixes, called) in _PREFIXED.items():
        add(symbol, called, Unit(dimension, factor))
        for prefix in prefixes:
            spoken, size = _PREFIXES[prefix]
            long = " ".join(spoken + name for name in called.split())
            add(
                f"{prefix}{symbol}" + (f" μ{symbol}" if prefix == "µ" else ""),
                long,
                Unit(dimension, factor * size),
            )
    for written, (dimension, factor, called) in _SINGLE.items():
        add(written, called, Unit(dimension, factor))
    for written, (factor, offset, called) in _TEMPERATURES.items():
        add(written, called, Unit("temperature", factor, offset))
    before: dict[str, Unit] = {}
    for code, (written, called) in _CURRENCIES.items():
        unit = Unit(code, 1.0)
        add(f"{code} {written}", called, unit)
        before.update(dict.fromkeys((code, *written.split()), unit))
    return symbols, names, before


_SYMBOLS, _NAMES, _BEFORE = _tables()
CURRENCIES = frozenset(_CURRENCIES)


def _any(words: dict[str, Unit]) -> str:
    return "|".join(
        re.escape(word).replace(r"\ ", r"[ -]") for word in sorted(words, key=lambda word: -len(word))
    )


UNIT = rf"(?:(?:{_any(_SYMBOLS)})(?![\w²³°])|(?i:{_any(_NAMES)})(?!\w))"
"""A pattern of a unit behind a number."""
CURRENCY = rf"(?:{_any(_BEFORE)})"
"""A pattern of a currency in front of a number."""


def unit_of(written: str) -> Unit | None:
    """The unit that is written so, None where it is none."""
    plain = " ".join(written.replace("-", " ").split())
    return _SYMBOLS.get(written) or _BEFORE.get(written) or _NAMES.get(plain.lower())
