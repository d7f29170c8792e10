"""What is watched of live answers: one number an answer for each signal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np

from eval.statistics import Interval, mean_interval
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


MOST = 48
"""Buckets at most."""
_LENGTHS = tuple(
    timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720, 1440, 2880, 10080, 40320)
)
_EPOCH = datetime(1970, 1, 5, tzinfo=UTC)  # a Monday


@dataclass(frozen=True, slots=True)
class Bucket:
    """The answers from `start` on for the series' bucket length. A share or score that none of them has is
    None or absent; `latency_ms` is their median and 95th percentile.
    """

    start: datetime
    answers: int
    abstained: Interval
    supported: Interval | None
    latency_ms: tuple[float, float] | None
    scores: Mapping[str, Interval]


@dataclass(frozen=True, slots=True)
class Series:
    """Buckets in order of time, those without an answer left out."""

    length: timedelta
    buckets: tuple[Bucket, ...]


def series_of(records: Sequence[SampleRecord]) -> Series:
    """The samples, in order of time, in at most MOST buckets that begin at round times."""
    if not records:
        return Series(_LENGTHS[0], ())
    span = records[-1].created_at - records[0].created_at
    length = next((each for each in _LENGTHS if span < each * (MOST - 1)), _LENGTHS[-1])
    return Series(length, tuple(_bucket(start, inside) for start, inside in _parted(records, length)))


def _parted(
    records: Sequence[SampleRecord], length: timedelta
) -> Iterator[tuple[datetime, list[SampleRecord]]]:
    inside: list[SampleRecord] = []
    start = _EPOCH
    for record in records:
        begun = _EPOCH + (record.created_at - _EPOCH) // length * length
        if inside and begun != start:
            yield start, inside
            inside = []
        start = begun
        inside.append(record)
    yield start, inside


def _bucket(start: datetime, inside: Sequence[SampleRecord]) -> Bucket:
    supported = [one.supported for one in inside if one.supported is not None]
    times = [one.timings["total"] for one in inside if "total" in one.timings]
    names = sorted({name for one in inside for name in one.scores})
    scores = {
        name: mean_interval([one.scores[name] for one in inside if name in one.scores]) for name in names
    }
    return Bucket(
        start=start,
        answers=len(inside),
        abstained=mean_interval([float(one.abstained) for one in inside]),
        supported=mean_interval(supported) if supported else None,
        latency_ms=percentiles(times) if times else None,
        scores=scores,
    )


def percentiles(times: Sequence[float]) -> tuple[float, float]:
    """The median and the 95th percentile."""
    middle, high = np.percentile(times, [50, 95])
    return float(middle), float(high)
