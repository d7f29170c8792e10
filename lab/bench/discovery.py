"""Memory and time of turning a tree of files into a job: `python -m lab.bench.discovery`.

Each size runs in a process of its own, which makes the tree (empty files) in a temporary folder, resets the
kernel's mark of its largest memory, submits the folder to a new SQLite store and reads the mark.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from ingest.discover import walk
from ingest.submit import submit_folder
from ingest.types import SyncOptions
from rag.store import Store


def make_tree(root: Path, files: int, per_folder: int) -> None:
    """So many empty files, so many to a folder."""
    for first in range(0, files, per_folder):
        folder = root / f"{first // per_folder % 100:02}" / f"{first // per_folder:05}"
        folder.mkdir(parents=True)
        for number in range(first, min(first + per_folder, files)):
            (folder / f"document-{number:07}.md").touch()


def memory(mark: str) -> float:
    """This process's VmRSS (now) or VmHWM (the most since the mark was reset), in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(mark)) / 1024


def measure(files: int, per_folder: int) -> str:
    """One line: files, seconds, those of the walk alone (once more), memory before and at most."""
    with TemporaryDirectory() as scratch:
        root = Path(scratch) / "tree"
        make_tree(root, files, per_folder)
        with Store.open(f"sqlite:///{scratch}/footnote.db") as store:
            store.collections.create("c")
            before = memory("VmRSS")
            Path("/proc/self/clear_refs").write_text("5")
            started = time.perf_counter()
            job = submit_folder(store, "c", root, SyncOptions(delete_missing=True))
            seconds = time.perf_counter() - started
            assert job.counts.total == files
            walked = time.perf_counter()
            assert sum(1 for _ in walk(root)) == files
            walking = time.perf_counter() - walked
            numbers = f"{seconds:>8.1f} {walking:>8.1f} {before:>8.0f} {memory('VmHWM'):>8.0f}"
            return f"{files:>9} {per_folder:>9} {numbers}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--per-folder", type=int, default=1000)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(measure(given.files[0], given.per_folder), flush=True)
        return
    heads = "files", "a folder", "seconds", "walking", "MiB then", "at most"
    print(" ".join(f"{head:>{max(8, len(head))}}" for head in heads), flush=True)
    for files in given.files:
        command = [sys.executable, "-m", "lab.bench.discovery", "--one", "--files", str(files)]
        subprocess.run([*command, "--per-folder", str(given.per_folder)], check=True)


if __name__ == "__main__":
    main()
