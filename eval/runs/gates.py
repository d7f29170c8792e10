"""Pass marks of a run (`--fail-under METRIC=NUMBER`): read, held against its metrics, what fails them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from eval.runs.compare import ANSWERED
from eval.runs.record import Run
from rag.errors import InvalidInput


def parse_gates(given: Sequence[str]) -> dict[str, float]:
    """Least means by metric, from `NAME=VALUE`; raises InvalidInput `invalid_gate`."""
    gates: dict[str, float] = {}
    for text in given:
        name, _, value = text.partition("=")
        try:
            gates[name.strip()] = float(value)
        except ValueError:
            gates[name.strip()] = math.nan
        if not name.strip() or not math.isfinite(gates[name.strip()]):
            raise InvalidInput(f"{text!r} is no gate; write METRIC=NUMBER.", code="invalid_gate")
    return gates


def check_gates(gates: Mapping[str, float], metrics: Sequence[str]) -> None:
    """Raises InvalidInput `invalid_gate` for a gate on a metric that the run does not have."""
    for name in gates:
        if name not in (*metrics, ANSWERED):
            known = ", ".join((*metrics, ANSWERED))
            raise InvalidInput(f"--fail-under {name}: the run has {known}.", code="invalid_gate")


def failures(run: Run, gates: Mapping[str, float]) -> list[str]:
    """What the run fails at, in words: a mean below the gate, or no score at all."""
    check_gates(gates, run.setup.metrics)
    found: list[str] = []
    for name, least in gates.items():
        mean = _mean(run, name)
        if mean is None:
            found.append(f"{name} has no score, and must reach {least:g}")
        elif mean < least:
            found.append(f"{name} is {mean:.3f}, and must reach {least:g}")
    return found


def _mean(run: Run, name: str) -> float | None:
    if name == ANSWERED:
        return 1 - run.abstained / len(run.rows) if run.rows else None
    interval = run.summary(name).interval
    return interval.mean if interval else None
