"""`footnote eval report`: the report of a finished run, written again from its report.json."""

from __future__ import annotations

from pathlib import Path

import typer

from eval.output import write_whole
from eval.reports import comparison_from_json, from_json, to_html, to_json, to_markdown
from eval.runs.compare import compare
from eval.runs.journal import REPORT
from rag.errors import NotFound


def report_again(
    run: Path, *, baseline: Path | None, html: Path | None, markdown: Path | None, as_json: bool
) -> None:
    """Write the files that are asked for; without any print Markdown, or JSON."""
    text = _read(run)
    found = from_json(text)
    comparison = comparison_from_json(text)  # the one that the run was reported with, if any
    if baseline:
        comparison = compare(from_json(_read(baseline)), found, names=(str(baseline), str(run)))
    if html:
        write_whole(html, to_html(found, comparison))
    if markdown:
        write_whole(markdown, to_markdown(found, comparison))
    if as_json:
        typer.echo(to_json(found, comparison))
    elif not (html or markdown):
        typer.echo(to_markdown(found, comparison), nl=False)


def _read(run: Path) -> str:
    """The text of a run's report.json. Raises NotFound `run_not_found`."""
    try:
        return (run / REPORT if run.is_dir() else run).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFound(f"There is no finished run at {run}.", code="run_not_found") from error
