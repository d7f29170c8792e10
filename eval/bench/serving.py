"""Whole calls over HTTP, beside the same calls in this process: what HTTP, the key and JSON cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from eval.bench.figures import Figure
from eval.bench.ingesting import cancel, submit
from eval.bench.load import Caller, Load, closed_loop, http_caller, open_loop
from eval.bench.material import Material
from eval.bench.plan import Plan
from eval.bench.timing import latency_figure
from eval.service import Running, ServiceFailed, call
from rag.answer.engine import Engine
from rag.types import Query

K = 10
BUSY = "bench-busy"
IN_PROCESS = "the same call in process"


@dataclass(frozen=True, slots=True)
class Kind:
    """A call: over HTTP as `body` to `path`, in process by `engine`."""

    name: str
    path: str
    body: Mapping[str, object]
    query: str
    engine: Callable[[Engine, str], object]


def kinds(collection: str) -> tuple[Kind, ...]:
    """Search without and with reranking, and a question."""

    def search(rerank: bool) -> Callable[[Engine, str], object]:
        return lambda engine, text: engine.search(Query(text, collection, K), rerank=rerank)

    where: dict[str, object] = {"collection": collection}
    path = "/v1/search"
    return (
        Kind("search, not reranked", path, {**where, "rerank": False}, "query", search(False)),
        Kind("search", path, where, "query", search(True)),
        Kind("question", "/v1/query", where, "question", lambda engine, text: engine.ask(text, collection)),
    )


def over_http(running: Running, kind: Kind) -> Caller:
    """A client with a connection of its own."""
    return http_caller(running, kind.path, kind.body, kind.query)


def in_process(engine: Engine, kind: Kind) -> Caller:
    """The same work without HTTP."""

    def ask(text: str) -> int:
        kind.engine(engine, text)
        return 200

    return ask


def client_figures(
    running: Running, engine: Engine, collection: str, queries: Sequence[str], plan: Plan, at: dict[str, int]
) -> list[Figure]:
    """Throughput and latency of every kind of call at every number of clients, and at every rate."""
    found: list[Figure] = []
    for kind in kinds(collection):
        for clients in plan.clients:
            found += _closed(running, engine, kind, queries, plan, {**at, "clients": clients}, clients)
        for rate in plan.rates:
            found.append(_open(running, kind, queries, plan, {**at, "rate": rate}, rate))
    return found


def _closed(
    running: Running,
    engine: Engine,
    kind: Kind,
    queries: Sequence[str],
    plan: Plan,
    at: dict[str, int],
    clients: int,
) -> list[Figure]:
    ours, base = [], []
    for _ in range(plan.repeats):
        ours.append(closed_loop([over_http(running, kind) for _ in range(clients)], queries, plan.block_s))
        base.append(closed_loop([in_process(engine, kind)] * clients, queries, plan.block_s))
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


def _notes(loads: Sequence[Load]) -> dict[str, float]:
    refused = sum((load.refused for load in loads), loads[0].refused.__class__())
    return {
        "refused with 429": float(refused[429]),
        "other errors": float(sum(refused.values()) - refused[429]),
        "cores of the load generator": sum(load.cores for load in loads) / len(loads),
    }


def _open(
    running: Running, kind: Kind, queries: Sequence[str], plan: Plan, at: dict[str, int], rate: int
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
    material: Material,
    collection: str,
    queries: Sequence[str],
    plan: Plan,
    at: dict[str, int],
) -> list[Figure]:
    """One client while the worker ingests into another collection, beside the same client before."""
    wanted = kinds(collection)
    idle: dict[str, list[list[float]]] = {kind.name: [] for kind in wanted}
    busy: dict[str, list[list[float]]] = {kind.name: [] for kind in wanted}
    outlasted = 0
    for repeat in range(plan.repeats):
        _note(idle, running, wanted, queries, plan)
        with _ingesting(running, material, f"{BUSY}-{repeat}") as jobs:
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
    wanted: Sequence[Kind],
    queries: Sequence[str],
    plan: Plan,
) -> None:
    for kind in wanted:
        load = closed_loop([over_http(running, kind)], queries, plan.block_s)
        found[kind.name].append(load.answered)


@contextmanager
def _ingesting(running: Running, material: Material, collection: str) -> Any:
    call(running, "POST", "/v1/collections", {"name": collection})
    jobs = submit(running, material, collection)
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
