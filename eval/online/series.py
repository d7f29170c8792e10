"""Samples over time, in buckets of equal length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from eval.stats import Interval, mean_interval
from rag.store import SampleRecord

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
