"""What ingest costs: `python -m lab.bench.ingest {formats,durability,file-sizes} …`.

`formats FOLDER…`: what one run of `footnote ingest` reads of folders. Each is ingested by the real command
into a new data folder; memory is the largest resident size of the command's process (the worker, with the
models) and of the parser processes below it, sampled. Seconds of a format are those that passed between its
documents' commits and the ones before: parsing, splitting and embedding. A format is the suffix of a name.

`durability FOLDER`: what durable jobs cost a file. The same files are ingested into fresh stores with DBOS
and, as the baseline, by a loop over the same items that nothing would take up again, in turns.

`file-sizes`: what a file costs beside its text. The same text is ingested once as many tiny files and once as
few large ones, each into a fresh store by a worker; the figure is how much longer a character takes in the
tiny ones.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from eval.environment import children, machine, peak_memory_mb
from ingest.formats import Format, formats
from ingest.handler import IngestHandler, ingest_worker
from ingest.submit import submit_folder
from lab.bench.faults import WORDS
from rag.models.registry import load_encoder
from rag.models.types import Encoder
from rag.settings import Settings
from rag.store import Store

COLLECTION = "ingesting"
_SAMPLE_S = 0.1


# by format


@dataclass(frozen=True, slots=True)
class FolderRun:
    """A run over one folder; memory in MiB, None where the system does not tell."""

    folder: str
    seconds: float
    worker_mb: float | None
    parser_mb: float | None
    formats: tuple[Format, ...]


def ingest_folder(folder: Path, data: Path) -> FolderRun:
    """Run `footnote ingest` on a folder, sampling its memory, and look at the store afterwards."""
    command = [sys.executable, "-m", "api.cli.main", "ingest", str(folder), "--collection", COLLECTION]
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
        found = tuple(formats(store, COLLECTION))
    return FolderRun(folder.name, seconds, max(worker) or None, max(parser) or None, found)


def _descendants(pid: int) -> Iterator[int]:
    for child in children(pid):
        yield child
        yield from _descendants(child)


def format_table(run: FolderRun) -> str:
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


def _total(run: FolderRun) -> Format:
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


def print_formats(given: argparse.Namespace) -> None:
    """Ingest every folder named, each into a store of its own, and print a table for each."""
    print(", ".join(f"{name} {value}" for name, value in machine().items()))
    for folder in given.folders:
        with tempfile.TemporaryDirectory() as data:
            print(f"\n{format_table(ingest_folder(folder, Path(data)))}", flush=True)


# durability


def durable_seconds(settings: Settings, store: Store, encoder: Encoder) -> float:
    """Seconds of a worker until it has nothing left; its parser process starts with its first file."""
    with ingest_worker(settings, store, encoder) as worker:
        started = time.perf_counter()
        worker.drain()
        return time.perf_counter() - started


def loop_seconds(settings: Settings, store: Store, encoder: Encoder) -> float:
    """Seconds of a loop over the job's items."""
    [job] = store.jobs.newest(COLLECTION)
    with closing(IngestHandler(settings, store, encoder)) as handler:
        started = time.perf_counter()
        items = store.jobs.items(job.id)
        for item, following in zip(items, [*items[1:], None], strict=True):
            handler.process(item, following, last_try=True)
        return time.perf_counter() - started


def ingest_seconds(folder: Path, encoder: Encoder, *, with_dbos: bool) -> float:
    """Seconds for the folder in a fresh store."""
    with tempfile.TemporaryDirectory() as scratch:
        settings = Settings(data=Path(scratch))
        with Store.open(settings.store_url) as store:
            store.collections.create(COLLECTION)
            job = submit_folder(store, COLLECTION, folder)
            seconds = (durable_seconds if with_dbos else loop_seconds)(settings, store, encoder)
            counts = store.jobs.get(job.id).counts
            assert counts.done == counts.total
            return seconds


def copy_first(folder: Path, most: int, into: Path) -> int:
    """Copies of the first files of a folder, in order of name; how many."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())[:most]
    for number, path in enumerate(files):
        (into / f"{number:05}{path.suffix}").write_bytes(path.read_bytes())
    return len(files)


def print_durability(given: argparse.Namespace) -> None:
    """Print one JSON object: milliseconds a file with and without DBOS, and the share that it adds."""
    with tempfile.TemporaryDirectory() as scratch:
        files = copy_first(given.folder, given.files, Path(scratch))
        encoder = _default_encoder(Path(scratch))
        pairs = [
            (
                ingest_seconds(Path(scratch), encoder, with_dbos=False),
                ingest_seconds(Path(scratch), encoder, with_dbos=True),
            )
            for _ in range(given.rounds)
        ]
    shares = [with_ / without - 1 for without, with_ in pairs]
    figures = {
        "files": files,
        "plain_ms": [round(1000 * without / files, 1) for without, _ in pairs],
        "durable_ms": [round(1000 * with_ / files, 1) for _, with_ in pairs],
        "added_share": {
            "median": round(statistics.median(shares), 3),
            "range": [round(min(shares), 3), round(max(shares), 3)],
        },
    }
    print(json.dumps(figures))


# sizes of files


def sentence(chance: random.Random) -> str:
    """8 to 16 random words."""
    return " ".join(chance.choices(WORDS, k=chance.randint(8, 16))).capitalize() + "."


def paragraphs(total: int, size: int, chance: random.Random) -> list[str]:
    """`total` paragraphs of about `size` characters."""
    made = []
    for _ in range(total):
        parts: list[str] = []
        while sum(map(len, parts)) < size:
            parts.append(sentence(chance))
        made.append(" ".join(parts))
    return made


def write_pages(folder: Path, texts: Sequence[str]) -> None:
    """One Markdown file for each text."""
    folder.mkdir()
    for number, text in enumerate(texts):
        (folder / f"{number:06}.md").write_text(f"# Page {number}\n\n{text}\n")


def print_file_sizes(given: argparse.Namespace) -> None:
    """Print one JSON object: characters, seconds of both, and the ratio per character."""
    texts = paragraphs(given.tiny, given.characters, random.Random(1))
    each = len(texts) // given.large
    joined = ["\n\n".join(texts[n * each : (n + 1) * each]) for n in range(given.large)]
    with tempfile.TemporaryDirectory() as scratch:
        encoder = _default_encoder(Path(scratch))
        seconds = {}
        for name, files in (("large", joined), ("tiny", texts)):
            write_pages(Path(scratch) / name, files)
            seconds[name] = ingest_seconds(Path(scratch) / name, encoder, with_dbos=True)
    characters = {"large": sum(map(len, joined)), "tiny": sum(map(len, texts))}
    ratio = (seconds["tiny"] / characters["tiny"]) / (seconds["large"] / characters["large"])
    rounded = {name: round(value, 1) for name, value in seconds.items()}
    print(json.dumps({"characters": characters, "seconds": rounded, "times per character": round(ratio, 2)}))


def _default_encoder(scratch: Path) -> Encoder:
    return load_encoder("footnote-encoder", Settings(data=scratch / ".unused"))


def main(argv: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.bench.ingest",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True)
    by_format = commands.add_parser("formats", help="time, memory and failures by format")
    by_format.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    by_format.set_defaults(run=print_formats)
    durability = commands.add_parser("durability", help="durable jobs beside a plain loop")
    durability.add_argument("folder", type=Path, metavar="FOLDER")
    durability.add_argument("--files", type=int, default=200)
    durability.add_argument("--rounds", type=int, default=3)
    durability.set_defaults(run=print_durability)
    sizes = commands.add_parser("file-sizes", help="the same text in tiny and in large files")
    sizes.add_argument("--tiny", type=int, default=11_000)
    sizes.add_argument("--large", type=int, default=100)
    sizes.add_argument("--characters", type=int, default=400, help="of a tiny file")
    sizes.set_defaults(run=print_file_sizes)
    given = parser.parse_args(argv)
    given.run(given)


if __name__ == "__main__":
    main()
