"""Scores of search and of the reader: a bar while they come, then a table, JSON, or a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress

from eval.environment import machine
from eval.report.wording import table
from eval.statistics import Interval
from rag.files import write_whole

OnProgress = Callable[[int, int], None]


def report_scores(scores: Mapping[str, object], text: str, out: Path | None, *, as_json: bool) -> None:
    """Print the scores as `text` or as JSON; with `out` also write them there, with the machine's name."""
    if out is not None:
        write_whole(out, _json({**scores, "machine": machine()}) + "\n")
    typer.echo(_json(scores) if as_json else text)


@contextmanager
def progress_bar(what: str, as_json: bool) -> Iterator[OnProgress]:
    """A bar on standard error, shown while the block runs and somebody looks."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=as_json or not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def interval_table(groups: Mapping[str, Mapping[str, Interval]]) -> str:
    """Means with their intervals: a line a group, a column a measure."""
    names = list(dict.fromkeys(name for means in groups.values() for name in means))
    rows = [
        [group, str(next(iter(means.values())).n), *(_interval(means[name]) for name in names)]
        for group, means in groups.items()
    ]
    return table(["", "n", *names], rows)


def _interval(interval: Interval) -> str:
    return f"{interval.mean:.3f} ({interval.low:.3f} – {interval.high:.3f})"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
