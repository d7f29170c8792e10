"""A run of the benchmark: what it is to measure (Plan), its figures, and all that could change them, as JSON
that can be read again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Literal

import numpy as np
from pydantic import TypeAdapter, ValidationError

from rag.errors import InvalidInput

PARTS = (
    "ingest",
    "embed",
    "start",
    "search",
    "stages",
    "rerank",
    "read",
    "check",
    "ask",
    "clients",
    "busy",
    "memory",
    "size",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """Parts by name; collection sizes in chunks, rising; numbers of concurrent clients; open-loop rates in
    requests a second.

    `block_s` bounds one block of calls and how long a number of clients keeps calling; `queries` is how many
    different ones there are at most, `fewest` how many calls a block has, however long one takes.
    """

    parts: tuple[str, ...] = PARTS
    sizes: tuple[int, ...] = (1_000, 20_000, 100_000)
    clients: tuple[int, ...] = (1, 2, 4, 8)
    rates: tuple[int, ...] = ()
    repeats: int = 5
    queries: int = 50
    block_s: float = 0.5
    fewest: int = 3

    def wants(self, *parts: str) -> bool:
        """Whether any of these parts is to be measured."""
        return bool(set(parts) & set(self.parts))

    @property
    def middle(self) -> int:
        """The size at which what does not depend on it is measured."""
        return self.sizes[(len(self.sizes) - 1) // 2]


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


SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Setup:
    """What a run was made with. `models` maps a role to `name@revision` and the graph; `busy_cores` are the
    cores that others kept busy during a second in which nothing was measured, before and after; `load` is the
    load average of one minute, before and after; `seconds` is how long all of it took.
    """

    started_at: str
    command: str
    commit: str | None
    machine: Mapping[str, str | int]
    packages: Mapping[str, str]
    models: Mapping[str, str]
    settings: Mapping[str, str | int | float | bool | None]
    plan: Mapping[str, Any]
    material: str
    load: tuple[float, ...] = ()
    busy_cores: tuple[float, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Results:
    """All figures, in the order of the parts."""

    setup: Setup
    figures: tuple[Figure, ...]
    schema: int = SCHEMA


_ADAPTER = TypeAdapter(Results)


def to_json(results: Results) -> str:
    """Indented JSON; each figure also with its median value and the median, least and largest ratio."""
    rows = [
        {
            **asdict(one),
            "value": one.value,
            "baseline_value": one.baseline_value,
            "ratio": {"median": one.ratio, "low": min(one.ratios), "high": max(one.ratios)},
        }
        for one in results.figures
    ]
    whole = {"schema": results.schema, "setup": asdict(results.setup), "figures": rows}
    return json.dumps(whole, indent=1, allow_nan=False) + "\n"


def read(path: Path) -> Results:
    """What `to_json` has written. Raises InvalidInput `bench_not_found`, `bench_invalid`, `bench_schema`."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InvalidInput(f"There is no file {path}.", code="bench_not_found") from error
    except ValueError as error:
        raise InvalidInput(f"{path} is no JSON: {error}", code="bench_invalid") from error
    schema = found.get("schema") if isinstance(found, dict) else None
    if schema is not None and schema != SCHEMA:
        raise InvalidInput(
            f"{path} has schema {schema}, this version reads {SCHEMA}: measure anew.", code="bench_schema"
        )
    try:
        return _ADAPTER.validate_python(found)
    except (ValidationError, ValueError) as error:
        raise InvalidInput(f"{path} is no result of lab.bench: {error}", code="bench_invalid") from error
