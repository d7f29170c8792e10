"""Where a number lies on a chart's axis, and what is written there."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Self

from eval.report.wording import compact, percent


@dataclass(frozen=True, slots=True)
class Axis:
    """`low` and `high` of None come from the data: a linear axis then begins at 0 or below, ends are rounded.

    A logarithmic axis needs values above 0. `show` writes the numbers, `step_ticks` replaces the round ones.
    """

    label: str = ""
    low: float | None = None
    high: float | None = None
    log: bool = False
    show: Callable[[float], str] = compact
    at: tuple[float, ...] = ()

    def fitted(self, values: Iterable[float]) -> Self:
        """The same axis with both ends known."""
        known = [value for value in values if value > 0 or not self.log] or [1.0]
        low = min(known) if self.low is None else self.low
        high = max(known) if self.high is None else self.high
        if self.log:
            ends = (
                _outward(low, -1) if self.low is None else low,
                _outward(high, 1) if self.high is None else high,
            )
            return replace(self, low=ends[0], high=ends[1])
        if self.low is None:
            low = min(0.0, low)
        if not high > low:
            high = low + 1.0
        return self._rounded(low, high)

    def place(self, value: float) -> float:
        """From 0 (low) to 1 (high), cut at both; the axis must be fitted."""
        low, high = self._ends()
        if self.log:
            value, low, high = (math.log10(max(number, low)) for number in (value, low, high))
        return min(1.0, max(0.0, (value - low) / (high - low)))

    def ticks(self, wanted: int = 5) -> list[float]:
        """The numbers to write, some `wanted` of them unless they are given; the axis must be fitted."""
        if self.at:
            return list(self.at)
        return log_ticks(*self._ends()) if self.log else ticks(*self._ends(), wanted)

    def _ends(self) -> tuple[float, float]:
        if self.low is None or self.high is None:
            raise ValueError(f"The axis {self.label!r} has no ends; call fitted first.")
        return self.low, self.high

    def _rounded(self, low: float, high: float) -> Self:
        marks = ticks(low, high)
        step = marks[1] - marks[0] if len(marks) > 1 else high - low
        if self.low is None:
            low = step * math.floor(low / step + 1e-9)
        if self.high is None:
            high = step * math.ceil(high / step - 1e-9)
        return replace(self, low=low, high=high)


def _outward(value: float, side: int) -> float:
    """The next of 1, 2, 5 times a power of ten that is below (side −1) or not below `value`."""
    power = 10.0 ** math.floor(math.log10(value))
    steps = [power * n for n in (0.5, 1, 2, 5, 10)]
    if side < 0:
        return max(step for step in steps if step < value * 0.999)
    return min(step for step in steps if step >= value * 0.999)


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


SHARE = Axis(low=0.0, high=1.0, show=percent, at=(0.0, 0.25, 0.5, 0.75, 1.0))
"""From none to all."""
SCORE = Axis(low=0.0, high=1.0, at=(0.0, 0.25, 0.5, 0.75, 1.0))
"""A metric from 0 to 1."""
