"""`footnote eval report`: the report of a finished run, written again from its report.json."""

from __future__ import annotations

from pathlib import Path

import typer

from eval.report import comparison_from_json, to_html, to_json, to_markdown
from eval.report.files import read_report, read_run
from eval.runs.compare import Comparison, compare
from eval.runs.record import Run
from rag.files import write_whole


def report_again(
    run: Path, *, baseline: Path | None, html: Path | None, markdown: Path | None, as_json: bool
) -> None:
    """Write the files that are asked for; without any print Markdown, or JSON."""
    found = read_run(run)
    comparison = _comparison(run, found, baseline)
    if html:
        write_whole(html, to_html(found, comparison))
    if markdown:
        write_whole(markdown, to_markdown(found, comparison))
    if as_json:
        typer.echo(to_json(found, comparison))
    elif not (html or markdown):
        typer.echo(to_markdown(found, comparison), nl=False)


def _comparison(path: Path, run: Run, baseline: Path | None) -> Comparison | None:
    """With the baseline, or else the comparison that the run was reported with."""
    if baseline:
        return compare(read_run(baseline), run, names=(str(baseline), str(path)))
    return comparison_from_json(read_report(path))
