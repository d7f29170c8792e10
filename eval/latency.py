"""Where the time of answers goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

TOTAL = "total"
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Stage:
    """Milliseconds of a stage over the `n` answers that went through it: median, 95th percentile (linear
    interpolation) and maximum. `share` is of the time of all answers together.
    """

    name: str
    p50: float
    p95: float
    longest: float
    share: float
    n: int


def stages(timings: Sequence[Mapping[str, float]]) -> tuple[Stage, ...]:
    """Each stage in the order in which it first ran; then `other`, what the total holds beside them, where
    that is one part in a hundred or more; last the total.
    """
    timed = [one for one in timings if TOTAL in one]
    names = list(dict.fromkeys(name for one in timed for name in one if name != TOTAL))
    rest = [one[TOTAL] - sum(ms for name, ms in one.items() if name != TOTAL) for one in timed]
    whole = sum(one[TOTAL] for one in timed)
    found = [_stage(name, [one[name] for one in timed if name in one], whole) for name in names]
    if names and sum(rest) >= whole / 100:
        found.append(_stage(OTHER, [max(0.0, ms) for ms in rest], whole))
    return (*found, _stage(TOTAL, [one[TOTAL] for one in timed], whole)) if timed else ()


def spans(values: Mapping[str, Sequence[float]]) -> tuple[Stage, ...]:
    """The same of times that are no parts of a total, the longest first; `share` is of their sum."""
    whole = sum(sum(times) for times in values.values())
    found = [_stage(name, times, whole) for name, times in values.items() if times]
    return tuple(sorted(found, key=lambda stage: -stage.share))


def _stage(name: str, times: Sequence[float], whole: float) -> Stage:
    p50, p95 = (float(value) for value in np.percentile(times, [50, 95]))
    return Stage(name, p50, p95, max(times), sum(times) / whole if whole > 0 else 0.0, len(times))
