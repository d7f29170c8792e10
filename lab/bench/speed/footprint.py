"""What the service takes: seconds until it is ready, memory of it and its worker, bytes on disk (of a chunk,
of the weights, of the install).
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from time import perf_counter

from packaging.requirements import Requirement

from eval.environment import peak_memory_mb
from lab.bench.service import Running, ServiceFailed, service
from lab.bench.speed.baseline import Indexes
from lab.bench.speed.clients import call_kinds, over_http
from lab.bench.speed.results import Figure, Plan
from rag.models.registry import checked_folder, model_folder, options_of, reader_options
from rag.models.runtime import graph_file
from rag.models.types import Encoder, ModelInfo, Role
from rag.settings import Settings

ALONE = "a process with the same models and indexes, bare libraries"
CALLS = 3  # of each kind, before the memory is read
PACKAGE = "footnote-rag"
CORE = ("faiss-cpu", "numpy", "onnxruntime", "tantivy", "tokenizers")
_TEXT, _DENSE, _TOKENS = (
    "SELECT count(*), sum(length(CAST(text AS BLOB))) FROM chunks",
    "SELECT count(*), sum(length(dense)) FROM vectors",
    "SELECT count(*), sum(length(packed)) FROM token_vectors",
)


@dataclass(frozen=True, slots=True)
class Process:
    """Seconds from its start until it was ready, and its peak memory in MiB (None where no system tells)."""

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


def baseline_process(
    paths: Sequence[Path], threads: int, indexes: Path | None = None, full: Path | None = None
) -> Process:
    """Run one; the graph `full` gets a full batch before memory is read. Raises ServiceFailed when it
    fails.
    """
    command = [sys.executable, "-m", "lab.bench.speed.baseline_process", "--threads", str(threads)]
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
    for kind in call_kinds(collection)[1:]:
        caller = over_http(running, kind)
        for text in queries[:CALLS]:
            caller(text)
    return Process(running.seconds_to_ready, peak_memory_mb(running.pid))


def build_figure(
    data: Path, settings: Settings, baseline: Indexes, plan: Plan, at: dict[str, int]
) -> list[Figure]:
    """Ready where the indexes have to be built from the store; once, as that is what an upgrade costs."""
    index, kept = data / "index", data / "index.kept"
    index.rename(kept)
    with service(data) as running:
        ours = Process(running.seconds_to_ready, None)
    shutil.rmtree(index)
    kept.rename(index)  # with the graph, which the service above had no time to build
    alone = baseline_process(list(graphs(settings).values()), settings.threads)
    base = [alone.seconds + baseline.built_s]
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
    baseline = tuple(one.peak_mb for one in base if one.peak_mb)
    if not plan.wants("memory") or not runs or len(runs) != len(baseline):
        return []
    return [Figure("memory", name, "MiB", "lower", runs, label, baseline, at)]


# bytes on disk


def chunk_figures(
    settings: Settings, index: Path, encoder: Encoder, texts: Sequence[str], at: dict[str, int]
) -> list[Figure]:
    """Bytes per chunk in an SQLite store and in the embedded indexes of a collection, in the folder `index`.

    `texts` are real chunks, to count the tokens that an uncompressed vector each would be for.
    """
    if not settings.store_url.startswith("sqlite:///"):
        return []
    chunks, text, dense, tokens, whole = _stored(Path(settings.store_url.removeprefix("sqlite:///")))
    info = encoder.info
    vector = 4.0 * (info.dimension or 0)
    counted = [min(len(encoder.token_spans(one)) + 2, info.max_tokens) for one in texts]
    each = 4.0 * (info.token_dimension or 0) * sum(counted) / len(counted)
    rows: list[tuple[str, float, str, float]] = [
        ("store, all of it", whole / chunks, "its text and its vector in float32", text / chunks + vector),
        ("store, dense vector", dense / chunks, "its vector in float32", vector),
        ("FAISS", folder_bytes(index / "faiss") / at["chunks"], "its vector in float32", vector),
        ("Tantivy", folder_bytes(index / "tantivy") / at["chunks"], "its text", text / chunks),
    ]
    if tokens:
        rows.insert(2, ("store, token vectors", tokens / chunks, "float32 for each token", each))
    return [
        _counted(f"a chunk: {name}", value, label, base, "bytes", at) for name, value, label, base in rows
    ]


def _stored(path: Path) -> tuple[int, float, float, float, float]:
    """Chunks, and bytes of their text, dense vectors, token vectors and of the whole file."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        chunks, text = connection.execute(_TEXT).fetchone()
        dense, tokens = (connection.execute(query).fetchone()[1] or 0 for query in (_DENSE, _TOKENS))
    return chunks, text, dense, tokens, float(path.stat().st_size)


def folder_bytes(folder: Path) -> int:
    """Bytes of all files below, without compiled bytecode."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")


def weight_figures(settings: Settings, models: Sequence[ModelInfo]) -> list[Figure]:
    """Each model's folder beside its parameters in float32."""
    found = []
    for model in models:
        folder = model_folder(model.name, settings)
        if folder is not None:
            base = 4 * model.parameters / 1e6
            name = f"weights: {model.role}"
            found.append(
                _counted(name, folder_bytes(folder) / 1e6, "its parameters in float32", base, "MB", {})
            )
    return found


def install_figures() -> list[Figure]:
    """The base install's packages beside the libraries at its core; nothing where it is not installed."""
    try:
        whole = {name: _package_bytes(dist) for name, dist in closure([PACKAGE]).items() if name != PACKAGE}
        core = {name: _package_bytes(dist) for name, dist in closure(CORE).items()}
    except PackageNotFoundError:
        return []
    label = "ONNX Runtime, tokenizers, FAISS, Tantivy, NumPy"
    rows = sum(whole.values()) / 1e6, label, sum(core.values()) / 1e6
    return [_counted("packages it needs, without extras", *rows, "MB", {}, {"packages": float(len(whole))})]


def closure(names: Sequence[str]) -> dict[str, Distribution]:
    """These installed packages and all that they need without extras but those asked for, by name.

    Raises PackageNotFoundError when one that is needed is missing.
    """
    found: dict[str, Distribution] = {}
    waiting: list[tuple[str, frozenset[str]]] = [(name, frozenset()) for name in names]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, extras = one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        found[name] = distribution(name)
        waiting += needed(found[name], extras)
    return found


def needed(
    package: Distribution, extras: frozenset[str] = frozenset()
) -> Iterator[tuple[str, frozenset[str]]]:
    """The packages that one asks for here, by normalised name, each with the extras wanted of it."""
    for line in package.requires or []:
        need = Requirement(line)
        wanted = need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in {"", *extras})
        if wanted:
            yield need.name.lower().replace("_", "-").replace(".", "-"), frozenset(need.extras)


def _package_bytes(package: Distribution) -> int:
    paths = [Path(str(package.locate_file(file))) for file in package.files or []]
    return sum(path.stat().st_size for path in paths if path.is_file() and path.suffix != ".pyc")


def _counted(
    name: str,
    value: float,
    baseline: str,
    base: float,
    unit: str,
    at: dict[str, int],
    notes: dict[str, float] | None = None,
) -> Figure:
    return Figure("size", name, unit, "lower", (value,), baseline, (base,), at, notes=notes or {})
