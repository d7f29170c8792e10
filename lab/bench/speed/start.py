"""How long the service takes to be ready, and how much memory it and its worker take at most."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from eval.machine import peak_memory_mb
from lab.bench.service import Running, ServiceFailed, service
from lab.bench.speed.bare import Indexes
from lab.bench.speed.plan import Plan
from lab.bench.speed.results import Figure
from lab.bench.speed.serve import kinds, over_http
from rag.models.registry import checked_folder, options_of, reader_options
from rag.models.runtime import graph_file
from rag.models.types import Role
from rag.settings import Settings

ALONE = "a process with the same models and indexes, bare libraries"
CALLS = 3  # of each kind, before the memory is read


@dataclass(frozen=True, slots=True)
class Process:
    """Seconds from its start until it was ready, and its peak memory in MiB (None: not told)."""

    seconds: float
    peak_mb: float | None


def graphs(settings: Settings) -> dict[Role, Path]:
    """The graph of each model as the product loads it; models that are no ONNX graph are left out."""
    wanted: list[tuple[Role, str]] = [
        ("encoder", settings.encoder),
        ("reader", settings.reader),
        ("checker", settings.checker),
    ]
    found: dict[Role, Path] = {}
    for role, name in wanted:
        folder = checked_folder(name, role, settings)
        options = reader_options(settings) if role == "reader" else options_of(settings)
        if folder is not None and graph_file(folder, options.precision).is_file():
            found[role] = graph_file(folder, options.precision)
    return found


def bare_process(
    paths: Sequence[Path], threads: int, indexes: Path | None = None, full: Path | None = None
) -> Process:
    """Run one; the graph `full` gets a full batch before memory is read. Raises ServiceFailed when it
    fails.
    """
    command = [sys.executable, "-m", "lab.bench.speed.bare_process", "--threads", str(threads)]
    command += ["--graphs", *map(str, paths)] if paths else []
    command += ["--indexes", str(indexes)] if indexes else []
    command += ["--full", str(full)] if full else []
    started = perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        seconds = perf_counter() - started
        rest, errors = process.stdout.read(), process.stderr.read()
    if process.returncode:
        raise ServiceFailed(f"The bare process failed: {errors[-500:]}")
    return Process(seconds, json.loads(rest)["peak_mb"])


def start_figures(
    ours: Sequence[Process], base: Sequence[Process], plan: Plan, at: dict[str, int]
) -> list[Figure]:
    """Ready with the indexes there, and peak memory after some calls; each process was started anew."""
    return [
        *_seconds("ready, indexes in place", ours, ALONE, [one.seconds for one in base], plan, at),
        *memory_figure("service", ours, ALONE, base, plan, at),
    ]


def first_use(running: Running, collection: str, queries: Sequence[str]) -> Process:
    """A service that has just become ready, after its first calls."""
    for kind in kinds(collection)[1:]:
        caller = over_http(running, kind)
        for text in queries[:CALLS]:
            caller(text)
    return Process(running.seconds_to_ready, peak_memory_mb(running.pid))


def build_figure(
    data: Path, settings: Settings, bare: Indexes, plan: Plan, at: dict[str, int]
) -> list[Figure]:
    """Ready where the indexes have to be built from the store; once, as that is what an upgrade costs."""
    index, kept = data / "index", data / "index.kept"
    index.rename(kept)
    with service(data) as running:
        ours = Process(running.seconds_to_ready, None)
    shutil.rmtree(index)
    kept.rename(index)  # with the graph, which the service above had no time to build
    alone = bare_process(list(graphs(settings).values()), settings.threads)
    base = [alone.seconds + bare.built_s]
    label = "a process with the same models; FAISS (flat) and Tantivy filled from memory"
    return _seconds("ready, indexes built", [ours], label, base, plan, at)


def _seconds(
    name: str, ours: Sequence[Process], label: str, base: Sequence[float], plan: Plan, at: dict[str, int]
) -> list[Figure]:
    if not plan.wants("start"):
        return []
    return [Figure("start", name, "s", "lower", tuple(one.seconds for one in ours), label, tuple(base), at)]


def memory_figure(
    name: str, ours: Sequence[Process], label: str, base: Sequence[Process], plan: Plan, at: dict[str, int]
) -> list[Figure]:
    """Peak memory, where the system tells it."""
    runs = tuple(one.peak_mb for one in ours if one.peak_mb)
    bare = tuple(one.peak_mb for one in base if one.peak_mb)
    if not plan.wants("memory") or not runs or len(runs) != len(bare):
        return []
    return [Figure("memory", name, "MiB", "lower", runs, label, bare, at)]
