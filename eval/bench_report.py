"""What the benchmark found, and how it is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.output import table
from eval.raw import Raw


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds; `ratio` is p50 over that of one bare forward pass of a 16-token query in ONNX Runtime."""

    p50: float
    p95: float
    n: int
    ratio: float


@dataclass(frozen=True, slots=True)
class Ingest:
    """From submitting to the end of the job: parsing, splitting, embedding and storing.

    `share_of_raw`: tokens ingested a second over those that ONNX Runtime alone encodes; 1 is the bound.
    """

    counts: Mapping[str, int]
    chunks: int
    tokens: int
    seconds: float
    chunks_per_second: float
    share_of_raw: float


@dataclass(frozen=True, slots=True)
class StartUp:
    """Seconds from starting the process to the first 200 of /ready, building the replicas, and with them
    built.
    """

    chunks: int
    building_s: float
    again_s: float


@dataclass(frozen=True, slots=True)
class Memory:
    """Largest resident size in MiB; None where the system does not tell."""

    service_mb: float | None
    worker_mb: float | None
    largest_parser_mb: float | None


@dataclass(frozen=True, slots=True)
class Bench:
    """One material: `idle` and `busy` (while the worker ingests) map a stage or a call to its latency.

    `busy_to_the_end` is false when the ingest was over before the last question, so that `busy` is too kind.
    """

    name: str
    ingest: Ingest
    start: StartUp
    idle: Mapping[str, Latency]
    busy: Mapping[str, Latency]
    busy_to_the_end: bool
    memory: Memory


@dataclass(frozen=True, slots=True)
class Results:
    """A run of the benchmark."""

    machine: Mapping[str, str | int]
    raw: Raw
    benches: tuple[Bench, ...]


def summarised(milliseconds: Sequence[float], raw: Raw) -> Latency:
    """Quantiles of at least one measurement."""
    p50, p95 = (float(value) for value in np.percentile(milliseconds, [50, 95]))
    return Latency(p50, p95, len(milliseconds), p50 / raw.query_ms)


def markdown(results: Results) -> str:
    """The figures for people."""
    raw = results.raw
    where = ", ".join(f"{name} {value}" for name, value in results.machine.items())
    head = (
        f"{where}\n"
        f"ONNX Runtime alone, {raw.model}, {raw.threads} threads: {raw.tokens_per_second:,.0f} tokens/s"
        f" in batches of {raw.batch} × {raw.length}; one query of 16 tokens {raw.query_ms:.2f} ms"
    )
    return "\n\n".join([head, *(_bench(one) for one in results.benches)])


def _bench(found: Bench) -> str:
    ingest, start, memory = found.ingest, found.start, found.memory
    counts = ", ".join(f"{value} {name}" for name, value in ingest.counts.items() if value)
    lines = [
        f"## {found.name}",
        f"Ingest: {ingest.chunks} chunks ({ingest.tokens:,} tokens; {counts}) in {ingest.seconds:.1f} s:"
        f" {ingest.chunks_per_second:.1f} chunks/s, {ingest.share_of_raw:.0%} of raw",
        f"Start to ready with {start.chunks:,} chunks: {start.again_s:.1f} s,"
        f" {start.building_s:.1f} s where the indexes have to be built",
        f"Peak memory: service {_mb(memory.service_mb)}, worker {_mb(memory.worker_mb)},"
        f" its largest parser {_mb(memory.largest_parser_mb)}",
        "" if found.busy_to_the_end else "The ingest ended before the last question did.",
        table(
            ["ms", "idle p50", "p95", "× raw", "ingesting p50", "p95"],
            [_row(found, stage) for stage in found.idle],
        ),
    ]
    return "\n".join(lines)


def _row(found: Bench, stage: str) -> list[str]:
    idle, busy = found.idle[stage], found.busy.get(stage)
    during = [f"{busy.p50:.1f}", f"{busy.p95:.1f}"] if busy else ["–", "–"]
    return [stage, f"{idle.p50:.1f}", f"{idle.p95:.1f}", f"{idle.ratio:.1f}", *during]


def _mb(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.0f} MiB"
