"""All there is to say about the live answers of a collection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from eval.online.drift import RECENT, Drift, drifts
from eval.online.series import Series, percentiles, series_of
from eval.online.signals import signals_of
from eval.online.worst import Judged, worst_of
from rag.store import SampleRecord, SampleState, Store

WINDOW = 1000
"""The newest samples, which drift is looked for in."""


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Median and 95th percentile of a stage in milliseconds, of the newest answers and of those before."""

    stage: str
    before: tuple[float, float] | None
    recent: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Overview:
    """The newest samples of a collection, at most WINDOW: `first` and `last` are when they were given,
    `recent` is how many of them the stages' recent times are of, `routes` who answered how many of them.
    """

    collection: str
    answers: int
    states: Mapping[SampleState, int]
    first: datetime | None
    last: datetime | None
    recent: int
    routes: Mapping[str, int]
    drifts: tuple[Drift, ...]
    stages: tuple[StageTimes, ...]
    series: Series


def overview(store: Store, collection: str) -> Overview:
    """The numbers, without texts; raises NotFound `collection_not_found`."""
    return overview_of(collection, store.samples(collection, WINDOW))


def overview_of(collection: str, records: Sequence[SampleRecord]) -> Overview:
    """The same of samples in order of time."""
    recent = min(RECENT, -(-len(records) // 4))
    return Overview(
        collection=collection,
        answers=len(records),
        states=Counter(one.state for one in records),
        first=records[0].created_at if records else None,
        last=records[-1].created_at if records else None,
        recent=recent,
        routes=Counter(one.route for one in records),
        drifts=tuple(drifts(signals_of(records))),
        stages=tuple(_stages(records, len(records) - recent)),
        series=series_of(records),
    )


def worst_answers(store: Store, collection: str, most: int) -> list[Judged]:
    """The worst of the newest samples that were judged, with texts; raises NotFound."""
    records = store.samples(collection, WINDOW)[-RECENT:]
    return worst_of(store, signals_of(records), most)


def _stages(records: Sequence[SampleRecord], at: int) -> list[StageTimes]:
    names = dict.fromkeys(stage for one in records for stage in one.timings)
    found = []
    for stage in names:
        before, recent = (
            [one.timings[stage] for one in part if stage in one.timings]
            for part in (records[:at], records[at:])
        )
        if recent:
            found.append(StageTimes(stage, percentiles(before) if before else None, percentiles(recent)))
    return found
