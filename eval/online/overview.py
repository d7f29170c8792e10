"""All there is to say about the live answers of a collection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from eval.online.drift import FEWEST, RECENT, Drift, drifts
from eval.online.signals import (
    ABSTAINED,
    LATENCY,
    SLOW,
    SUPPORTED,
    Series,
    Signal,
    percentiles,
    series_of,
    signals_of,
)
from eval.statistics import Difference
from rag.store import SampledPassage, SampleRecord, SampleState, SampleTexts, Store

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
    return overview_of(collection, store.samples.newest(collection, WINDOW))


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
    records = store.samples.newest(collection, WINDOW)[-RECENT:]
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


@dataclass(frozen=True, slots=True)
class Judged:
    """A sample with its texts and passages, best first; None where a passage is gone or in quarantine."""

    sample: SampleRecord
    texts: SampleTexts
    passages: tuple[SampledPassage | None, ...]


def worst_of(store: Store, signals: Sequence[Signal], most: int) -> list[Judged]:
    """At most `most` answers whose texts are still there, worst first; abstentions say nothing to be wrong.

    An answer's place is its mean rank among the others by each judge and by the live check, as the scales
    of judges differ.
    """
    ranks = _ranks([one for one in signals if one.kind == "mean"])
    order = sorted(ranks, key=lambda key: (ranks[key], -key))
    records = {one.key: one for signal in signals for one in signal.samples}
    texts = store.samples.texts(order[: 4 * most])
    chosen = [key for key in order if key in texts and not records[key].abstained][:most]
    found = store.samples.passages([ref for key in chosen for ref in texts[key].passages])
    return [
        Judged(records[key], texts[key], tuple(found.get(ref) for ref in texts[key].passages))
        for key in chosen
    ]


def _ranks(signals: Sequence[Signal]) -> Mapping[int, float]:
    """For each judged sample its mean rank, from 0 (the worst) to 1; equal scores share a rank."""
    places: dict[int, list[float]] = {}
    for signal in signals:
        if signal.name == SUPPORTED and min(signal.values) == max(signal.values):
            continue
        ordered = sorted(signal.values)
        first = {value: n for n, value in reversed(list(enumerate(ordered)))}
        for value, sample in zip(signal.values, signal.samples, strict=True):
            places.setdefault(sample.key, []).append(first[value] / len(ordered))
    return {key: sum(found) / len(found) for key, found in places.items()}


TITLES = {
    SUPPORTED: "Supported share",
    ABSTAINED: "Abstention",
    LATENCY: "Latency",
    SLOW: "Slow answers",
    "faithfulness": "Faithfulness",
    "answer_relevancy": "Answer relevancy",
    "context_relevance": "Context relevance",
    "citation_recall": "Citation recall",
    "citation_precision": "Citation precision",
    "bert_score": "BERTScore",
}
MEANINGS = {
    SUPPORTED: "share of an answer's sentences that the live check supports; what is quoted always is",
    ABSTAINED: "share of questions without an answer",
    LATENCY: "median time of an answer",
    SLOW: "share of answers that took longer than 95% of all shown here",
    "faithfulness": "share of the sentences that the passages support, checked anew",
    "answer_relevancy": "how far the answer is one to the question",
    "context_relevance": "how far the passages found are about the question",
    "citation_recall": "share of the sentences that what they cite supports",
    "citation_precision": "share of the citations that their sentence needs",
}


def title(signal: str) -> str:
    """A signal's name for people."""
    return TITLES.get(signal, signal.replace("_", " ").capitalize())


def in_words(drift: Drift) -> str:
    """A sentence that says what became of a signal, without its name."""
    if drift.difference is None:
        return f"Too few answers to tell: {drift.before}, and {FEWEST} are needed."
    move = f"{_value(drift, drift.difference.before)} → {_value(drift, drift.difference.after)}"
    by = _change(drift, drift.difference)
    if drift.since is not None:
        return (
            f"{drift.verdict.capitalize()} since {when(drift.since)}: {move} ({by}), {drift.after:,} answers."
        )
    return f"No sure change: {move} in the {drift.after:,} newest answers ({by})."


def when(at: datetime) -> str:
    """A time of day, in UTC."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _value(drift: Drift, value: float) -> str:
    if drift.signal == LATENCY:
        return f"{value:,.0f} ms"
    return f"{value:.1%}" if drift.signal in (SUPPORTED, ABSTAINED, SLOW) else f"{value:.3f}"


def _change(drift: Drift, found: Difference) -> str:
    """The change with its interval: a factor for times, percentage points for shares."""
    numbers = found.change, found.low, found.high
    if drift.signal == LATENCY:
        change, low, high = (f"{number:.2f}" for number in numbers)
        return f"× {change}, 95% interval {low} to {high}"
    if drift.signal in (SUPPORTED, ABSTAINED, SLOW):
        change, low, high = (f"{100 * number:+.1f}".replace("-", "−") for number in numbers)
        return f"{change} points, 95% interval {low} to {high}"
    change, low, high = (f"{number:+.3f}".replace("-", "−") for number in numbers)
    return f"{change}, 95% interval {low} to {high}"
