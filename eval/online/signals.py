"""What is watched of live answers: one number an answer for each signal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rag.store import SampleRecord

Kind = Literal["mean", "share", "time"]
Better = Literal["higher", "lower"]

SUPPORTED, ABSTAINED, LATENCY, SLOW = "supported", "abstained", "latency", "slow"
_SLOW = 95.0
_LEAST: dict[Kind, float] = {"mean": 0.03, "share": 0.05, "time": 1.2}


@dataclass(frozen=True, slots=True)
class Signal:
    """A series in order of time: `values[i]` is that of `samples[i]`.

    `least` is the smallest change that matters: a difference of means or shares, a ratio of medians of times.
    A change below it is none, however sure it is.
    """

    name: str
    kind: Kind
    better: Better
    values: tuple[float, ...]
    samples: tuple[SampleRecord, ...]

    @property
    def least(self) -> float:
        return _LEAST[self.kind]


def signals_of(records: Sequence[SampleRecord]) -> list[Signal]:
    """The signals of samples in order of time.

    `supported`: share of the answer's sentences that the live check supports, where it checked any.
    `abstained`: 1 for no answer. `latency`: milliseconds in all. `slow`: 1 above the 95th percentile of the
    window, so that a longer tail shows that leaves the median where it is. Then every judge by its name; of
    the judges' scores only those count that the present models gave.
    """
    found = [
        _signal(SUPPORTED, "mean", "higher", [(one.supported, one) for one in records]),
        _signal(ABSTAINED, "share", "lower", [(float(one.abstained), one) for one in records]),
        *_times(records),
        *_judged(records),
    ]
    return [signal for signal in found if signal.values]


def _signal(
    name: str, kind: Kind, better: Better, pairs: Sequence[tuple[float | None, SampleRecord]]
) -> Signal:
    known = [(value, one) for value, one in pairs if value is not None]
    return Signal(name, kind, better, tuple(v for v, _ in known), tuple(one for _, one in known))


def _times(records: Sequence[SampleRecord]) -> Iterator[Signal]:
    timed = [(total, one) for one in records if (total := one.timings.get("total", 0.0)) > 0]
    if timed:
        limit = float(np.percentile([total for total, _ in timed], _SLOW))
        yield _signal(LATENCY, "time", "lower", timed)
        yield _signal(SLOW, "share", "lower", [(float(total > limit), one) for total, one in timed])


def _judged(records: Sequence[SampleRecord]) -> Iterator[Signal]:
    present = next((one.judged_by for one in reversed(records) if one.judged_by), None)
    judged = [one for one in records if one.judged_by == present and one.state == "scored"]
    for name in sorted({name for one in judged for name in one.scores}):
        yield _signal(name, "mean", "higher", [(one.scores.get(name), one) for one in judged])
