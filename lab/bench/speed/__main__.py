"""How fast and how large: `python -m lab.bench.speed --folder DOCS --out bench/` (`make bench`).

Ingest, search, rerank, read, check and whole questions on a real service, at several sizes of the collection
and numbers of clients; each figure stands beside what a bare library does in the same run (ONNX Runtime,
FAISS, Tantivy). Without data given it reads copies of samples/. See docs/benchmark.md.
"""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from lab.bench.speed.compare import TOLERANCE, compare
from lab.bench.speed.dataset import Dataset, beir_dataset, folder_dataset, repeated_samples, sampled_files
from lab.bench.speed.environment import busy_cores, load_average, setup
from lab.bench.speed.plots import plots
from lab.bench.speed.report import comparison_markdown, markdown, page
from lab.bench.speed.results import PARTS, Plan, Results, read, to_json
from lab.bench.speed.run import measure
from rag.errors import RagError
from rag.files import write_whole
from rag.settings import Settings

QUICK = Plan(sizes=(150,), clients=(1, 2), repeats=1, queries=2, block_s=0.02, fewest=1)
WORSE = 3
"""Exit status where something got worse beyond the spread."""


def run(dataset: Dataset, plan: Plan, command: str) -> Results:
    """Measure in a temporary folder."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="footnote-bench-") as scratch:
        found = setup(command, dataset.name, plan, Settings(data=Path(scratch) / "data"))
        figures = measure(dataset, plan, Path(scratch))
    seconds = time.monotonic() - started
    load, busy = (*found.load, *load_average()), (*found.busy_cores, *busy_cores())
    return Results(replace(found, load=load, busy_cores=busy, seconds=seconds), figures)


def write(results: Results, folder: Path) -> None:
    """bench.json, bench.md, bench.html and the pictures as SVG."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = plots(results)
    write_whole(folder / "bench.json", to_json(results))
    write_whole(folder / "bench.md", f"# Benchmark: the figures\n\n{markdown(results)}")
    write_whole(folder / "bench.html", page(results, pictures))
    for name, drawn in pictures.items():
        write_whole(folder / f"bench-{name}.svg", drawn)


@contextmanager
def _dataset(given: argparse.Namespace) -> Iterator[Dataset]:
    with tempfile.TemporaryDirectory(prefix="footnote-dataset-") as copies:
        target = Path(copies)
        if given.beir:
            yield beir_dataset(given.beir)
        elif given.folder and given.files:
            yield sampled_files(given.folder, given.files, target)
        elif given.folder:
            yield folder_dataset(given.folder)
        else:
            yield repeated_samples(target, 1) if given.quick else repeated_samples(target)


def _plan(given: argparse.Namespace) -> Plan:
    start = QUICK if given.quick else Plan()
    return Plan(
        tuple(given.parts or start.parts),
        tuple(sorted(set(given.sizes or start.sizes))),
        tuple(given.clients or start.clients),
        tuple(given.rates or start.rates),
        given.repeats or start.repeats,
        given.queries or start.queries,
        given.block_s or start.block_s,
        start.fewest,
    )


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lab.bench.speed", description=__doc__)
    parser.add_argument("--folder", type=Path, metavar="DIR", help="files to ingest")
    parser.add_argument("--files", type=int, metavar="N", help="only so many of them, drawn at random")
    parser.add_argument("--beir", type=Path, metavar="DIR", help="a BEIR corpus to ingest, and its queries")
    parser.add_argument("--parts", nargs="+", choices=PARTS, metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument(
        "--sizes", nargs="+", type=_positive, metavar="N", help="sizes in chunks, filled up to"
    )
    parser.add_argument("--clients", nargs="+", type=_positive, metavar="N", help="concurrent HTTP clients")
    parser.add_argument("--rates", nargs="+", type=_positive, metavar="N", help="calls a second, open loop")
    parser.add_argument("--repeats", type=_positive, metavar="N", help="of each measurement (default 5)")
    parser.add_argument("--queries", type=_positive, metavar="N", help="different ones (default 50)")
    parser.add_argument("--seconds", dest="block_s", type=float, metavar="S", help="of a block (default .5)")
    parser.add_argument("--quick", action="store_true", help="next to nothing: whether it runs, not how fast")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write JSON, Markdown, HTML and SVG")
    parser.add_argument("--from", dest="given", type=Path, metavar="JSON", help="show this run, measure none")
    parser.add_argument("--against", type=Path, metavar="JSON", help="compare with this earlier run")
    parser.add_argument(
        "--tolerance", type=float, default=TOLERANCE, help="least change that counts (default .05)"
    )
    return parser.parse_args(argv)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def _results(given: argparse.Namespace, argv: Sequence[str] | None) -> Results:
    if given.given:
        return read(given.given)
    words = [Path(word).name for word in (sys.argv[1:] if argv is None else argv)]  # no one's folders
    with _dataset(given) as dataset:
        return run(dataset, _plan(given), shlex.join(["python", "-m", "lab.bench.speed", *words]))


def main(argv: Sequence[str] | None = None) -> int:
    """The command; 1 after an error that it names, 3 where something got worse beyond the spread."""
    given = _arguments(argv)
    try:
        old = read(given.against) if given.against else None
        results = _results(given, argv)
    except RagError as error:
        print(f"error: {error.message} ({error.code})", file=sys.stderr)
        return 1
    print(markdown(results))
    if given.out:
        write(results, given.out)
    if old is None:
        return 0
    found = compare(old, results, tolerance=given.tolerance)
    print(comparison_markdown(found))
    return WORSE if found.worse else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the services end with it
    sys.exit(main())
