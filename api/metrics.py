"""What Prometheus sees: requests, stages, questions, abstentions, places, jobs and index lag."""

from __future__ import annotations

import time
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.types import Answer

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_SEVERITY = ("contradicted", "unsupported", "supported")


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
