"""Numbers for people."""

from __future__ import annotations

import math

SPACE = "\u00a0"
"""Keeps a unit with its number."""
_SIZES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def compact(value: float) -> str:
    """Three figures at most: `0.25`, `12`, `1.2k`, `3.4M`; small ones as `1.2e-05`."""
    size = abs(value)
    for least, letter in _SIZES:
        if size >= least * 0.9995:
            return f"{_three(value / least)}{letter}"
    return f"{value:.1e}" if 0 < size < 0.0005 else _three(value)


def percent(value: float) -> str:
    """A share as `7%`; tenths where rounding would say none or all: `<0.1%`, `0.4%`, `99.6%`."""
    if 0 < value < 0.0005:
        return "<0.1%"
    near_end = 0 < value < 0.01 or 0.99 < value < 1
    return f"{100 * value:.1f}%" if near_end else f"{100 * value:.0f}%"


def duration(ms: float) -> str:
    """Milliseconds as `0.8 ms`, `12 ms`, `1.2 s`, `3 min 5 s` or `2 h 5 min`, with no-break spaces."""
    if abs(ms) < 999.5:
        return f"{_three(ms)}{SPACE}ms" if abs(ms) >= 1 or not ms else f"{ms:.1g}{SPACE}ms"
    if abs(ms) < 99_950:
        return f"{_three(ms / 1000)}{SPACE}s"
    minutes, seconds = divmod(round(ms / 1000), 60)
    text = f"{minutes} min {seconds} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
    return text.replace(" ", SPACE)


def score(value: float) -> str:
    """A metric's value with three decimals, a real minus before negative ones."""
    return f"{value:.3f}".replace("-", "−")


def signed(value: float) -> str:
    """A difference: `+0.012`, `−0.300`, `0.000`."""
    return f"{value:+.3f}".replace("-", "−") if round(value, 3) else "0.000"


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round numbers from `low` to `high`, some `wanted` of them (Heckbert, "Nice numbers for graph labels",
    Graphics Gems 1990).
    """
    span = high - low
    if not span > 0:
        return [low]
    rough = span / wanted
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * n for n in (1, 2, 2.5, 5, 10) if size * n >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten from `low` to `high`, with 2 and 5 between them where the powers alone are fewer than
    three."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    inside = [10.0**n for n in powers if low * 0.999 <= 10.0**n <= high * 1.001]
    if len(inside) >= 3:
        return inside[:: -(-len(inside) // 6)]
    finer = [n * 10.0**power for power in powers for n in (1, 2, 5)]
    return [tick for tick in finer if low * 0.999 <= tick <= high * 1.001]


def _three(value: float) -> str:
    size = abs(value)
    digits = 0 if size >= 99.95 else 1 if size >= 9.995 else 2 if size >= 0.9995 else 3
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
