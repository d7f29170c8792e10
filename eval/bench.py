"""How fast and how large: `python -m eval.bench --folder DOCS --beir CORPUS --out bench.json` (`make
bench`).

Everything is measured on a real `footnote serve` with its worker, over HTTP, and set beside what ONNX
Runtime alone does on the same cores with the same encoder in the same run. Without data given it reads
copies of samples/.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from eval.bench_data import Material, Stored, inspect, of_beir, of_folder, repeated_samples
from eval.bench_report import Bench, Ingest, Memory, Results, StartUp, markdown, summarised
from eval.filler import fill
from eval.machine import children, machine, peak_memory_mb
from eval.output import write_whole
from eval.raw import Raw, measure_raw
from eval.service import Running, call, job_id, service, upload, wait_for
from eval.stages import Found, time_stages
from rag.answer.engine import Engine
from rag.errors import RagError
from rag.settings import Settings
from rag.store import Store

COLLECTION = "bench"
SECOND = "bench-again"


@dataclass(frozen=True, slots=True)
class Plan:
    """`chunks` is the size that the store is filled up to, `queries` how many of each kind are timed."""

    chunks: int
    queries: int


def bench(material: Material, plan: Plan, raw: Raw, data: Path) -> Bench:
    """Ingest, fill up, start twice, ask while idle and while ingesting; `data` is an empty folder."""
    with service(data, sync_root=material.folder) as running:
        seconds, counts = _ingest(running, material)
        worker_mb, parsers_mb = _worker_memory(running)
    stored = _fill(data, plan.chunks)
    with service(data, worker=False) as running:
        building_s = running.seconds_to_ready
    queries = _repeated(material.queries or stored.queries, plan.queries)
    with service(data, sync_root=material.folder) as running, closing(Engine(Settings(data=data))) as engine:
        engine.indexes.catch_up(COLLECTION)
        idle = _ask(running, engine, queries)
        call(running, "POST", "/v1/collections", {"name": SECOND})
        jobs = _submit(running, material, SECOND)
        busy = _ask(running, engine, queries)
        outlasted = _cancel(running, jobs)
        again_s, service_mb = running.seconds_to_ready, peak_memory_mb(running.pid)
    speed = stored.tokens / seconds / raw.tokens_per_second
    return Bench(
        material.name,
        Ingest(counts, stored.chunks, stored.tokens, seconds, stored.chunks / seconds, speed),
        StartUp(stored.total_chunks, building_s, again_s),
        {name: summarised(values, raw) for name, values in idle.items()},
        {name: summarised(values, raw) for name, values in busy.items()},
        outlasted,
        Memory(service_mb, worker_mb, parsers_mb),
    )


def _worker_memory(running: Running) -> tuple[float | None, float | None]:
    """Peaks of the worker itself and of the largest of its children, which parse."""
    worker = running.worker_pid()
    if worker is None:
        return None, None
    parsers = [peak_memory_mb(child) or 0.0 for child in children(worker)]
    return peak_memory_mb(worker), max(parsers, default=None)


def _ingest(running: Running, material: Material) -> tuple[float, dict[str, int]]:
    """Seconds from the first call until the jobs have ended, and their counts, added up."""
    call(running, "POST", "/v1/collections", {"name": COLLECTION})
    started = time.monotonic()
    jobs = wait_for(running, _submit(running, material, COLLECTION))
    seconds = time.monotonic() - started
    counts: Counter[str] = Counter()
    for job in jobs:
        counted = job.get("counts")
        counts.update(counted if isinstance(counted, dict) else {})
    return seconds, dict(counts)


def _submit(running: Running, material: Material, collection: str) -> list[str]:
    if material.folder is None:
        return upload(running, collection, material.documents)
    body = {"path": str(material.folder), "delete_missing": False}
    return [job_id(call(running, "POST", f"/v1/collections/{collection}/sync", body))]


def _cancel(running: Running, jobs: Sequence[str]) -> bool:
    """Cancel what is left of the jobs; whether anything was."""
    cancelled = [running.client.post(f"/v1/jobs/{job}/cancel").is_success for job in jobs]
    return any(cancelled)


def _fill(data: Path, chunks: int) -> Stored:
    settings = Settings(data=data)
    with closing(Store.open(settings.store_url)) as store:
        stored = inspect(store, COLLECTION, settings)
        return stored.filled(fill(store, COLLECTION, chunks))


def _ask(running: Running, engine: Engine, queries: Sequence[str]) -> Found:
    """Each stage in this process, then whole calls as a client sees them."""
    found = time_stages(engine, COLLECTION, queries)
    for text in queries:
        _timed_call(running, "search", {"query": text, "rerank": False}, "HTTP search", found)
        _timed_call(running, "search", {"query": text, "rerank": True}, "HTTP search, reranked", found)
        _timed_call(running, "query", {"question": text}, "HTTP query", found)
    return found


def _timed_call(running: Running, path: str, body: dict[str, object], name: str, found: Found) -> None:
    started = time.perf_counter()
    call(running, "POST", f"/v1/{path}", {"collection": COLLECTION, **body})
    found.setdefault(name, []).append(1000 * (time.perf_counter() - started))


def _repeated(queries: Sequence[str], count: int) -> list[str]:
    return [queries[place % len(queries)] for place in range(count)]


def measure(materials: Sequence[Material], plan: Plan) -> Results:
    """Every material in a store of its own, with the machine and the raw speed beside the figures."""
    raw = measure_raw(Settings())
    benches = []
    for material in materials:
        print(f"{material.name} …", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="footnote-bench-") as data:
            benches.append(bench(material, plan, raw, Path(data)))
    return Results(machine(), raw, tuple(benches))


@contextmanager
def _materials(folders: Sequence[Path], corpora: Sequence[Path]) -> Iterator[list[Material]]:
    given = [of_folder(folder) for folder in folders] + [of_beir(folder) for folder in corpora]
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="footnote-samples-") as copies:
        yield [repeated_samples(Path(copies))]


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m eval.bench", description=__doc__)
    parser.add_argument(
        "--folder", action="append", default=[], type=Path, metavar="DIR", help="files to ingest"
    )
    parser.add_argument("--beir", action="append", default=[], type=Path, metavar="DIR", help="a BEIR corpus")
    parser.add_argument("--chunks", type=int, default=20_000, help="fill up to this size (default 20000)")
    parser.add_argument(
        "--queries", type=int, default=100, help="how many of each kind to time (default 100)"
    )
    parser.add_argument("--out", type=Path, help="where to write the figures as JSON")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """The command; 1 after an error that it names."""
    arguments = _arguments(argv)
    try:
        with _materials(arguments.folder, arguments.beir) as materials:
            results = measure(materials, Plan(arguments.chunks, arguments.queries))
    except RagError as error:
        print(f"error: {error.message} ({error.code})", file=sys.stderr)
        return 1
    print(markdown(results))
    if arguments.out:
        write_whole(arguments.out, json.dumps(asdict(results), indent=2, allow_nan=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
