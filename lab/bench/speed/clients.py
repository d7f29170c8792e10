"""Whole calls over HTTP, beside the same calls in this process: what HTTP, the key and JSON cost."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from queue import Empty, SimpleQueue
from time import perf_counter, process_time, sleep
from typing import Any
from urllib.parse import urlsplit

from lab.bench.service import Running, ServiceFailed, call
from lab.bench.speed.dataset import Dataset
from lab.bench.speed.ingest import cancel, submit
from lab.bench.speed.results import Figure, Plan
from lab.bench.speed.timing import latency_figure
from rag.answer.ask import Ask
from rag.service import Service
from rag.types import Query

K = 10
BUSY = "bench-busy"
IN_PROCESS = "the same call in process"


MOST_CALLERS = 64
OK = 200
Caller = Callable[[str], int]
"""Asks a query and gives the HTTP status of the answer."""


# loops


@dataclass(slots=True)
class Traffic:
    """Milliseconds of the calls that were answered, how many were not by status, the seconds from the first
    call to the last answer, and the cores that this process kept busy meanwhile.
    """

    answered: list[float] = field(default_factory=list)
    refused: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    cores: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.answered) / self.seconds

    def note(self, started: float, status: int) -> None:
        """An answer that has just come."""
        if status == OK:
            self.answered.append(1000 * (perf_counter() - started))
        else:
            self.refused[status] += 1


def http_caller(running: Running, path: str, body: Mapping[str, object], field_name: str) -> Caller:
    """A caller with a connection of its own, kept open: POST of the body with the query in `field_name`.

    To be used soon: the service closes connections that are idle for some seconds.
    """
    address = urlsplit(str(running.client.base_url))
    assert address.hostname is not None
    connection = HTTPConnection(address.hostname, address.port, timeout=60)
    key = running.client.headers["Authorization"]
    headers = {"Authorization": key, "Content-Type": "application/json"}

    def ask(text: str) -> int:
        connection.request("POST", path, json.dumps({**body, field_name: text}), headers)
        answer = connection.getresponse()
        json.loads(answer.read())
        return answer.status

    return ask


def closed_loop(callers: Sequence[Caller], queries: Sequence[str], seconds: float) -> Traffic:
    """Each caller asks one query after the other, starting at a place of its own, until time is up; a first
    call of each is not counted.
    """
    load, count = Traffic(), len(callers)
    places = [n * len(queries) // count for n in range(count)]
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(lambda caller, place: caller(queries[place]), callers, places))
        with _timed_block(load):
            until = perf_counter() + seconds
            list(pool.map(lambda caller, n: _patient(caller, queries, n, until, load), callers, places))
    return load


def _patient(caller: Caller, queries: Sequence[str], place: int, until: float, load: Traffic) -> None:
    while True:  # at least once
        place, started = (place + 1) % len(queries), perf_counter()
        load.note(started, caller(queries[place]))
        if perf_counter() >= until:
            return


def open_loop(
    make: Callable[[], Caller], queries: Sequence[str], rate: float, seconds: float, *, seed: int = 0
) -> Traffic:
    """Calls due at random moments (Poisson), `rate` of them a second, by at most MOST_CALLERS callers."""
    due: SimpleQueue[tuple[float, str]] = SimpleQueue()
    draw, moment = random.Random(seed), 0.0
    while (moment := moment + draw.expovariate(rate)) < seconds or due.empty():
        due.put((moment, draw.choice(queries)))
    load, callers = Traffic(), [make() for _ in range(MOST_CALLERS)]
    with ThreadPoolExecutor(MOST_CALLERS) as pool, _timed_block(load):
        start = perf_counter()
        list(pool.map(lambda caller: _punctual(caller, due, start, load), callers))
    return load


def _punctual(caller: Caller, due: SimpleQueue[tuple[float, str]], start: float, load: Traffic) -> None:
    while True:
        try:
            moment, text = due.get_nowait()
        except Empty:
            return
        sleep(max(0.0, start + moment - perf_counter()))
        load.note(start + moment, caller(text))


@contextmanager
def _timed_block(load: Traffic) -> Iterator[None]:
    started, worked = perf_counter(), process_time()
    yield
    load.seconds = perf_counter() - started
    load.cores = (process_time() - worked) / load.seconds


# figures


@dataclass(frozen=True, slots=True)
class CallKind:
    """A call: over HTTP as `body` to `path`, in process by `service`."""

    name: str
    path: str
    body: Mapping[str, object]
    query: str
    service: Callable[[Service, str], object]


def call_kinds(collection: str) -> tuple[CallKind, ...]:
    """Search without and with reranking, and a question."""

    def search(rerank: bool) -> Callable[[Service, str], object]:
        return lambda service, text: service.searcher.search(Query(text, collection, K), rerank=rerank)

    def ask(service: Service, text: str) -> object:
        return service.answerer.answer(Ask(text, collection))

    where: dict[str, object] = {"collection": collection}
    path = "/v1/search"
    return (
        CallKind("search, not reranked", path, {**where, "rerank": False}, "query", search(False)),
        CallKind("search", path, where, "query", search(True)),
        CallKind(
            "question",
            "/v1/query",
            where,
            "question",
            lambda service, text: service.answerer.answer(Ask(text, collection)),
        ),
    )


def over_http(running: Running, kind: CallKind) -> Caller:
    """A client with a connection of its own."""
    return http_caller(running, kind.path, kind.body, kind.query)


def in_process(service: Service, kind: CallKind) -> Caller:
    """The same work without HTTP."""

    def ask(text: str) -> int:
        kind.service(service, text)
        return 200

    return ask


def client_figures(
    running: Running,
    service: Service,
    collection: str,
    queries: Sequence[str],
    plan: Plan,
    at: dict[str, int],
) -> list[Figure]:
    """Throughput and latency of every kind of call at every number of clients, and at every rate."""
    found: list[Figure] = []
    for kind in call_kinds(collection):
        for clients in plan.clients:
            found += _closed(running, service, kind, queries, plan, {**at, "clients": clients}, clients)
        for rate in plan.rates:
            found.append(_open(running, kind, queries, plan, {**at, "rate": rate}, rate))
    return found


def _closed(
    running: Running,
    service: Service,
    kind: CallKind,
    queries: Sequence[str],
    plan: Plan,
    at: dict[str, int],
    clients: int,
) -> list[Figure]:
    ours, base = [], []
    for _ in range(plan.repeats):
        ours.append(closed_loop([over_http(running, kind) for _ in range(clients)], queries, plan.block_s))
        base.append(closed_loop([in_process(service, kind)] * clients, queries, plan.block_s))
    if not all(load.answered for load in ours):
        raise ServiceFailed(f"{kind.name}: {clients} clients got no answer, only {dict(ours[0].refused)}.")
    answered = [load.answered for load in ours]
    notes = _notes(ours)
    threads = IN_PROCESS + (f", {clients} threads" if clients > 1 else "")
    return [
        Figure(
            "clients",
            f"{kind.name}, throughput",
            "calls/s",
            "higher",
            tuple(load.rate for load in ours),
            threads,
            tuple(load.rate for load in base),
            at,
            notes=notes,
        ),
        latency_figure(
            "clients",
            f"{kind.name}, latency",
            answered,
            threads,
            [load.answered for load in base],
            at,
            notes,
        ),
    ]


def _notes(loads: Sequence[Traffic]) -> dict[str, float]:
    refused = sum((load.refused for load in loads), loads[0].refused.__class__())
    return {
        "refused with 429": float(refused[429]),
        "other errors": float(sum(refused.values()) - refused[429]),
        "cores of the load generator": sum(load.cores for load in loads) / len(loads),
    }


def _open(
    running: Running, kind: CallKind, queries: Sequence[str], plan: Plan, at: dict[str, int], rate: int
) -> Figure:
    """Beside one client in a closed loop: what waiting for one another adds."""
    ours, base = [], []
    for repeat in range(plan.repeats):
        seconds = max(plan.block_s, 20 / rate)
        ours.append(open_loop(lambda: over_http(running, kind), queries, rate, seconds, seed=repeat))
        base.append(closed_loop([over_http(running, kind)], queries, plan.block_s))
    if not all(load.answered for load in ours):
        raise ServiceFailed(f"{kind.name}: {rate} calls a second got no answer.")
    return latency_figure(
        "clients",
        f"{kind.name}, latency at a rate",
        [load.answered for load in ours],
        "one client, closed loop",
        [load.answered for load in base],
        at,
        _notes(ours),
    )


def busy_figures(
    running: Running,
    dataset: Dataset,
    collection: str,
    queries: Sequence[str],
    plan: Plan,
    at: dict[str, int],
) -> list[Figure]:
    """One client while the worker ingests into another collection, beside the same client before."""
    wanted = call_kinds(collection)
    idle: dict[str, list[list[float]]] = {kind.name: [] for kind in wanted}
    busy: dict[str, list[list[float]]] = {kind.name: [] for kind in wanted}
    outlasted = 0
    for repeat in range(plan.repeats):
        _note(idle, running, wanted, queries, plan)
        with _ingesting(running, dataset, f"{BUSY}-{repeat}") as jobs:
            _note(busy, running, wanted, queries, plan)
            outlasted += all(_under_way(running, job) for job in jobs)
    notes = {"repeats that the ingest outlasted": float(outlasted)}
    return [
        latency_figure("busy", f"{name}, latency", busy[name], "the same, idle", idle[name], at, notes)
        for name in busy
    ]


def _note(
    found: dict[str, list[list[float]]],
    running: Running,
    wanted: Sequence[CallKind],
    queries: Sequence[str],
    plan: Plan,
) -> None:
    for kind in wanted:
        load = closed_loop([over_http(running, kind)], queries, plan.block_s)
        found[kind.name].append(load.answered)


@contextmanager
def _ingesting(running: Running, dataset: Dataset, collection: str) -> Any:
    call(running, "POST", "/v1/collections", {"name": collection})
    jobs = submit(running, dataset, collection)
    while not any(_begun(running, job) for job in jobs):
        time.sleep(0.02)
    try:
        yield jobs
    finally:
        cancel(running, jobs)


def _begun(running: Running, job: str) -> bool:
    return _status(running, job) != "queued"


def _under_way(running: Running, job: str) -> bool:
    return _status(running, job) in ("queued", "running")


def _status(running: Running, job: str) -> str:
    return str(call(running, "GET", f"/v1/jobs/{job}")["status"])
