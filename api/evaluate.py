"""`footnote eval run`: the evaluation of eval/ on an engine of this process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress

from eval.run import run_cases
from rag.answer.engine import Engine
from rag.settings import Settings


def run_and_report(
    settings: Settings,
    cases: Path,
    collection: str,
    out: Path | None,
    metrics: Sequence[str] | None,
    *,
    as_json: bool,
) -> None:
    """Print the report as Markdown or JSON; with `out` also write it there."""
    console = Console(stderr=True)
    engine = Engine(settings)
    try:
        with Progress(console=console, transient=True, disable=as_json or not console.is_terminal) as bar:
            task = bar.add_task("asking", total=None)

            def show(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            report = run_cases(engine, cases, collection, out, metrics, show)
    finally:
        engine.close()
    typer.echo(report.to_json() if as_json else report.to_markdown())
