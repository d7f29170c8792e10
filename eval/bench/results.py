"""A run of the benchmark: its figures and all that could change them, as JSON that can be read again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from eval.bench.figures import Figure
from rag.errors import InvalidInput

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
        raise InvalidInput(f"{path} is no result of eval.bench: {error}", code="bench_invalid") from error
