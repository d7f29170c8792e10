"""What Prometheus sees: requests, stages, questions, abstentions, places, jobs and index lag."""

from __future__ import annotations

import threading
import time
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from eval.online.drift import RECENT, Drift, drifts
from eval.online.overview import WINDOW
from eval.online.signals import signals_of
from rag.errors import RagError
from rag.store import SampleState, Store
from rag.types import Answer

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_SEVERITY = ("contradicted", "unsupported", "supported", "quoted")


class Metrics:
    """The counters of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "footnote_http_requests",
            "Requests answered.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "footnote_http_request_seconds",
            "Time to the last byte.",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.stages = Histogram(
            "footnote_stage_seconds",
            "Time of one stage.",
            ["stage"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.questions = Counter(
            "footnote_questions",
            "Questions by who answered and the worst verdict.",
            ["route", "verdict"],
            registry=self.registry,
        )
        self.abstentions = Counter(
            "footnote_abstentions", "Questions without an answer.", ["reason"], registry=self.registry
        )
        self.samples = Counter(
            "footnote_online_samples",
            "Answers drawn for the sample, by whether they were kept or dropped.",
            ["outcome"],
            registry=self.registry,
        )

    def observe_stages(self, timings: Mapping[str, float]) -> None:
        """Record stage timings, given in milliseconds."""
        for stage, milliseconds in timings.items():
            self.stages.labels(stage).observe(milliseconds / 1000)

    def observe_answer(self, answer: Answer) -> None:
        """Count a question by its route and verdict, with its stage timings."""
        self.observe_stages(answer.timings)
        self.questions.labels(taken_step(answer), worst_verdict(answer)).inc()
        if answer.abstained:
            self.abstentions.labels(answer.reason or "unknown").inc()

    def observe_samples(self, outcome: str, count: int) -> None:
        """Count answers of the sample that were `kept` or `dropped`."""
        self.samples.labels(outcome).inc(count)

    def gauge(self, name: str, text: str, value: Callable[[], float]) -> None:
        """A gauge that is read at each scrape."""
        Gauge(name, text, registry=self.registry).set_function(value)

    def text(self) -> bytes:
        """The exposition. Reads the store, so call it off the event loop."""
        return generate_latest(self.registry)


class LabelledGauge(Collector):
    """A gauge with one label whose values are read together at each scrape."""

    def __init__(self, name: str, text: str, label: str, read: Callable[[], Mapping[str, float]]) -> None:
        self._name, self._text, self._label, self._read = name, text, label, read

    def describe(self) -> Iterator[Metric]:
        """Without this, registering would read the values."""
        yield GaugeMetricFamily(self._name, self._text, labels=[self._label])

    def collect(self) -> Iterator[Metric]:
        """One sample per label value."""
        family = GaugeMetricFamily(self._name, self._text, labels=[self._label])
        for value, number in self._read().items():
            family.add_metric([value], number)
        yield family


def taken_step(answer: Answer) -> str:
    """Who gave the answer: the last step taken, or `none`."""
    return next((step.step for step in reversed(answer.route) if step.taken), "none")


def worst_verdict(answer: Answer) -> str:
    """The worst label among the sentences; `abstained` and `unchecked` where there is none."""
    if answer.abstained:
        return "abstained"
    labels = {sentence.verdict.label for sentence in answer.sentences if sentence.verdict}
    return next((label for label in _SEVERITY if label in labels), "unchecked")


def tally(values: Iterator[str]) -> dict[str, float]:
    """How often each value occurs."""
    return {value: float(count) for value, count in Tally(values).items()}


class MetricsMiddleware:
    """Counts every request and its time, streams to their end."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500  # what the server error handler outside will answer, if nothing else does

        async def send_noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started = time.perf_counter()
        try:
            await self.app(scope, receive, send_noting)
        finally:
            route = _template(scope)
            self._metrics.requests.labels(scope["method"], route, str(status)).inc()
            self._metrics.seconds.labels(route).observe(time.perf_counter() - started)


def _template(scope: Scope) -> str:
    """The route's path with its parameters' names, so that ids never become labels."""
    return str(getattr(scope.get("route"), "path", "unmatched"))


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
            counts = _by_collection(self._store.samples.count())
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
        signals = signals_of(self._store.samples.newest(collection, WINDOW))
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
