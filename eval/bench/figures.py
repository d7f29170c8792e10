"""A figure: what was measured, what a bare library took for the same work in the same run, and the ratio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

import numpy as np

Better = Literal["lower", "higher"]
FEWEST_FOR_P95 = 20
FEWEST_FOR_P99 = 100


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Of `n` single calls, all repeats together; None where fewer calls than tell (20 for p95, 100 for
    p99).
    """

    n: int
    p50: float
    p95: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class Figure:
    """`runs` has one value for each repeat (of latencies the median), `baseline_runs` that of `baseline` in
    the same repeat, both in `unit`.

    `at` says at how many chunks, clients or requests a second; `latency` has the quantiles of single calls;
    `notes` are numbers that help to read the figure.
    """

    part: str
    name: str
    unit: str
    better: Better
    runs: tuple[float, ...]
    baseline: str
    baseline_runs: tuple[float, ...]
    at: Mapping[str, int] = field(default_factory=dict)
    latency: Quantiles | None = None
    notes: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.runs or len(self.runs) != len(self.baseline_runs) or min(self.baseline_runs) <= 0:
            raise ValueError(f"{self.part}, {self.name}: each run needs a baseline above 0 beside it.")

    @property
    def key(self) -> str:
        """What it is, to find it again in another run."""
        where = ", ".join(f"{name} {value}" for name, value in sorted(self.at.items()))
        return f"{self.part} · {self.name}" + (f" · {where}" if where else "")

    @property
    def value(self) -> float:
        """Median of the repeats."""
        return median(self.runs)

    @property
    def baseline_value(self) -> float:
        """Median of the baseline's repeats."""
        return median(self.baseline_runs)

    @property
    def ratios(self) -> tuple[float, ...]:
        """Ours over the baseline, repeat by repeat."""
        return tuple(ours / base for ours, base in zip(self.runs, self.baseline_runs, strict=True))

    @property
    def ratio(self) -> float:
        """Median of the ratios."""
        return median(self.ratios)


def quantiles(values: Sequence[float]) -> Quantiles:
    """Quantiles of at least one value, by linear interpolation."""
    p50, p95, p99 = (float(one) for one in np.percentile(values, [50, 95, 99]))
    n = len(values)
    return Quantiles(n, p50, p95 if n >= FEWEST_FOR_P95 else None, p99 if n >= FEWEST_FOR_P99 else None)
