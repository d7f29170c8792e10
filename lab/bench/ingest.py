"""What one run of `footnote ingest` reads of folders: `python -m lab.bench.ingest FOLDER…`.

Each folder is ingested by the real command into a new data folder; memory is the largest resident size of
the command's process (the worker, with the models) and of the parser processes below it, sampled. Seconds of
a format are those that passed between its documents' commits and the ones before: parsing, splitting and
embedding. A format is the suffix of a file's name.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.machine import children, machine, peak_memory_mb
from ingest.formats import Format, formats
from rag.settings import Settings
from rag.store import Store

_SAMPLE_S = 0.1
_COLLECTION = "ingesting"


@dataclass(frozen=True, slots=True)
class Run:
    """A run over one folder; memory in MiB, None where the system does not tell."""

    folder: str
    seconds: float
    worker_mb: float | None
    parser_mb: float | None
    formats: tuple[Format, ...]


def ingest(folder: Path, data: Path) -> Run:
    """Run `footnote ingest` on a folder, watching its memory, and look at the store afterwards."""
    command = [sys.executable, "-m", "api.cli.main", "ingest", str(folder), "--collection", _COLLECTION]
    started = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--data", str(data), "--json"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    worker, parser = [0.0], [0.0]
    while process.poll() is None:
        worker.append(peak_memory_mb(process.pid) or 0.0)
        parser += [peak_memory_mb(pid) or 0.0 for pid in _descendants(process.pid)]
        time.sleep(_SAMPLE_S)
    seconds = time.perf_counter() - started
    with Store.open(Settings(data=data).store_url) as store:
        found = tuple(formats(store, _COLLECTION))
    return Run(folder.name, seconds, max(worker) or None, max(parser) or None, found)


def _descendants(pid: int) -> Iterator[int]:
    for child in children(pid):
        yield child
        yield from _descendants(child)


def table(run: Run) -> str:
    """A run as Markdown."""
    lines = [
        "| format | files | characters | chunks | seconds | failures |",
        "|---|--:|--:|--:|--:|---|",
    ]
    for each in [*run.formats, _total(run)]:
        failures = ", ".join(f"{code} {count}" for code, count in sorted(each.failures.items()))
        lines.append(
            f"| {each.name} | {each.files} | {each.characters:,} | {each.chunks:,} "
            f"| {each.seconds:.1f} | {failures} |"
        )
    memory = f"worker {run.worker_mb or 0:.0f} MiB, parser {run.parser_mb or 0:.0f} MiB"
    return f"{run.folder}: {run.seconds:.0f} s, peak memory {memory}\n\n" + "\n".join(lines)


def _total(run: Run) -> Format:
    failures: Counter[str] = Counter()
    for each in run.formats:
        failures.update(each.failures)
    return Format(
        "all",
        sum(each.files for each in run.formats),
        sum(each.characters for each in run.formats),
        sum(each.chunks for each in run.formats),
        run.seconds,
        dict(failures),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Ingest every folder named, each into a store of its own, and print a table for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", type=Path, nargs="+")
    given = parser.parse_args(arguments)
    print(", ".join(f"{name} {value}" for name, value in machine().items()))
    for folder in given.folders:
        with tempfile.TemporaryDirectory() as data:
            print(f"\n{table(ingest(folder, Path(data)))}", flush=True)


if __name__ == "__main__":
    main()
