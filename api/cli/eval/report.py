"""`footnote eval report`: a finished run's report, written again from its report.json."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import Json
from eval.report.files import read_report, read_run
from eval.report.html import to_html
from eval.report.json import comparison_from_json, to_json
from eval.report.markdown import to_markdown
from eval.runs.compare import Comparison, compare
from eval.runs.record import Run
from rag.files import write_whole

app = typer.Typer(add_completion=False)


@app.command()
def report(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="A finished run: its folder or its report.json.")
    ],
    baseline: Annotated[
        Path | None, typer.Option(metavar="OTHER", help="A finished run to show the difference to.")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write the page here.")] = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", metavar="FILE", help="Write the tables here.")
    ] = None,
    json: Json = False,
) -> None:
    """Write the report of a finished run again; without a file print it as Markdown."""
    finished = read_run(run)
    comparison = _comparison(run, finished, baseline)
    if html:
        write_whole(html, to_html(finished, comparison))
    if markdown:
        write_whole(markdown, to_markdown(finished, comparison))
    if json:
        typer.echo(to_json(finished, comparison))
    elif not (html or markdown):
        typer.echo(to_markdown(finished, comparison), nl=False)


def _comparison(path: Path, run: Run, baseline: Path | None) -> Comparison | None:
    """With the baseline, or else the comparison that the run was reported with."""
    if baseline:
        return compare(read_run(baseline), run, names=(str(baseline), str(path)))
    return comparison_from_json(read_report(path))
