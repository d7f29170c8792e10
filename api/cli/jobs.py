"""Background jobs in the terminal: carried out or followed, with a bar, and what came of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from api.cli.console import out
from api.service import find_running
from ingest.formats import Format
from jobs.progress import OnProgress, follow
from jobs.worker import Worker
from rag.settings import Settings
from rag.store import Store
from rag.types import Job

WorkOff = Callable[[Job, OnProgress], None]
"""Waits for the end of a job, telling how far it is."""


class IngestBar:
    """A progress bar on standard error: files done, chunks a second, time left; silent where nobody looks."""

    def __init__(self, bar: Progress, task: TaskID) -> None:
        self._bar = bar
        self._task = task

    def update(self, done: int, total: int, chunks_per_second: float, source: str) -> None:
        """Show the state after a source."""
        self._bar.update(
            self._task,
            completed=done,
            total=total or None,
            rate=f"{chunks_per_second:.1f} chunks/s",
            source=shortened(source, 40),
        )


@contextmanager
def ingest_bar(*, quiet: bool) -> Iterator[IngestBar]:
    """The bar, shown while the block runs."""
    console = Console(stderr=True, highlight=False)
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("files · {task.fields[rate]} ·"),
        TimeRemainingColumn(),
        TextColumn("left ·"),
        TextColumn("{task.fields[source]}", markup=False),
    )
    bar = Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal)
    with bar:
        yield IngestBar(bar, bar.add_task("ingest", total=None, rate="starting", source=""))


@contextmanager
def reembedding_bar(*, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error, shown while the block runs and somebody looks."""
    console = Console(stderr=True, highlight=False)
    columns = (BarColumn(), TaskProgressColumn(), TextColumn("·"), TimeRemainingColumn())
    bar = Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal)
    with bar:
        task = bar.add_task("reembed", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def print_job(job: Job, chunks: int, seconds: float) -> None:
    """A table of the outcomes, then each failed file with its code and text."""
    console = out()
    counts = job.counts
    table = Table(
        "total",
        "added",
        "replaced",
        "moved",
        "unchanged",
        "removed",
        "failed",
        "quarantined",
        title=f"Ingest into {job.collection}",
    )
    numbers = (
        counts.total,
        counts.added,
        counts.replaced,
        counts.moved,
        counts.unchanged,
        counts.removed,
        counts.failed,
        counts.quarantined,
    )
    table.add_row(*map(str, numbers))
    console.print(table)
    console.print(f"{job.status}: {chunks} chunks written in {seconds:.1f} s, job {job.id}")
    _print_curation(console, job)
    _print_errors(console, job)


def print_formats(formats: Iterable[Format]) -> None:
    """A table of formats: files, characters, passages, and failures by code."""
    table = Table("format", "files", "characters", "passages", "failures", title="By format")
    for each in formats:
        failures = ", ".join(f"{code} {count}" for code, count in sorted(each.failures.items()))
        table.add_row(each.name, str(each.files), f"{each.characters:,}", f"{each.chunks:,}", failures)
    out().print(table)


def print_pass(job: Job, seconds: float) -> None:
    """One line of a sync that goes on: when, what changed; then each failed file."""
    console, counts = out(), job.counts
    names = ("added", "replaced", "moved", "removed", "failed", "unchanged")
    parts = [f"{number} {name}" for name in names if (number := getattr(counts, name))]
    moment = job.updated_at.astimezone().strftime("%H:%M:%S")
    console.print(f"{moment} {job.status}: {', '.join(parts) or 'no files'} ({seconds:.1f} s)")
    _print_errors(console, job)


def _print_curation(console: Console, job: Job) -> None:
    """A line about what curation found, if anything."""
    if job.curation:
        found = ", ".join(f"{number} {reason}" for reason, number in job.curation.items())
        console.print(f"chunks flagged: {found} (`footnote curation {job.collection}` says what follows)")


def _print_errors(console: Console, job: Job) -> None:
    """A line for each failed file of a job."""
    for error in job.errors:
        console.print(
            Text.assemble(("failed ", "red"), f"{error.source} [{error.code}] {error.message}"),
            soft_wrap=True,
        )


def shortened(text: str, length: int) -> str:
    """The text on one line, cut at a word."""
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[:length].rsplit(" ", 1)[0] + " …"


@contextmanager
def working_off(settings: Settings, store: Store, make: Callable[[], Worker]) -> Iterator[WorkOff]:
    """What sees jobs through to their end: a running service's worker, else the one that `make` makes."""
    with ExitStack() as opened:
        workers: list[Worker] = []

        def work_off(job: Job, on_progress: OnProgress) -> None:
            running = find_running(settings.data)
            if running is not None and running.worker:
                for progress in follow(store, job.id):
                    on_progress(progress)
                return
            if not workers:
                workers.append(opened.enter_context(make()))
            # drain() also finishes what an earlier run left behind; only this job is shown.
            workers[0].drain(lambda progress: on_progress(progress) if progress.job.id == job.id else None)

        yield work_off
