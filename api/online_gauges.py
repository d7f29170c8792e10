"""What /metrics says of live answers that were sampled."""

from __future__ import annotations

import threading
import time
from collections import Counter as Tally
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from eval.online.drift import RECENT, Drift, drifts
from eval.online.overview import WINDOW
from eval.online.signals import signals_of
from rag.errors import RagError
from rag.store import SampleState, Store

COLLECTIONS = 20
"""Collections that have gauges of their own, those with most samples: labels must not grow without end."""
_FRESH_S = 60.0
_BUDGET_S = 1.0
"""What a scrape may take to look for drift; what is not done then keeps its last numbers."""
_SIGN = {"worse": 1.0, "better": -1.0}

Counts = Mapping[SampleState, int]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was found of a collection when its samples were these, and when that was."""

    at: float
    counts: Counts
    recent: Mapping[str, float]
    drifts: tuple[Drift, ...]


class OnlineGauges(Collector):
    """Samples by state, and for each collection and signal the newest mean, drift and its z.

    Reads the store at each scrape, and looks for drift only where there are new scores, at most once a
    minute.
    """

    def __init__(self, store: Store, *, fresh_s: float = _FRESH_S) -> None:
        self._store = store
        self._fresh_s = fresh_s
        self._seen: dict[str, _Seen] = {}
        self._lock = threading.Lock()

    def describe(self) -> Iterator[Metric]:
        """Without this, registering would read the store."""
        yield from _families().values()

    def collect(self) -> Iterator[Metric]:
        """The gauges; none of a store that cannot be read."""
        families = _families()
        try:
            counts = _by_collection(self._store.count_samples())
            with self._lock:
                self._look(counts)
                seen = dict(self._seen)
        except RagError:
            return
        for state, count in sum((Tally(each) for each in counts.values()), Tally[SampleState]()).items():
            families["samples"].add_metric([state], count)
        for collection, found in seen.items():
            _add(families, collection, found)
        yield from families.values()

    def _look(self, counts: Mapping[str, Counts]) -> None:
        shown = sorted(counts, key=lambda name: (-sum(counts[name].values()), name))[:COLLECTIONS]
        self._seen = {name: self._seen[name] for name in shown if name in self._seen}
        started = time.monotonic()
        for name in sorted(shown, key=lambda name: self._seen[name].at if name in self._seen else 0.0):
            if time.monotonic() - started > _BUDGET_S:
                return
            known = self._seen.get(name)
            if known is None or (known.counts != counts[name] and started - known.at >= self._fresh_s):
                self._seen[name] = self._found(name, counts[name])

    def _found(self, collection: str, counts: Counts) -> _Seen:
        signals = signals_of(self._store.samples(collection, WINDOW))
        recent = {one.name: _recent(one.name, one.values[-RECENT:]) for one in signals}
        return _Seen(time.monotonic(), counts, recent, tuple(drifts(signals)))


def _recent(signal: str, values: tuple[float, ...]) -> float:
    return float(np.median(values)) / 1000 if signal == "latency" else float(np.mean(values))


def _by_collection(counted: Mapping[tuple[str, SampleState], int]) -> dict[str, Counts]:
    found: dict[str, dict[SampleState, int]] = {}
    for (collection, state), count in counted.items():
        found.setdefault(collection, {})[state] = count
    return dict(found)


def _families() -> dict[str, GaugeMetricFamily]:
    labels = ["collection", "signal"]
    texts = {
        "footnote_online_recent": "Mean of a signal over the newest 200 samples; latency: median seconds.",
        "footnote_online_drift": "1 where a signal got worse, -1 where it got better, else 0.",
        "footnote_online_drift_z": "Standardised difference at the strongest change, above zero for a rise.",
    }
    stored = GaugeMetricFamily("footnote_online_stored", "Samples in the store.", labels=["state"])
    named = {name.removeprefix("footnote_online_"): name for name in texts}
    return {
        "samples": stored,
        **{short: GaugeMetricFamily(name, texts[name], labels=labels) for short, name in named.items()},
    }


def _add(families: Mapping[str, GaugeMetricFamily], collection: str, found: _Seen) -> None:
    for signal, value in found.recent.items():
        families["recent"].add_metric([collection, signal], value)
    for drift in found.drifts:
        if drift.verdict != "too_few":
            where = [collection, drift.signal]
            families["drift"].add_metric(where, _SIGN.get(drift.verdict, 0.0))
            families["drift_z"].add_metric(where, drift.z or 0.0)
