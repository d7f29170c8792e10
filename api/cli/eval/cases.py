"""`footnote eval cases`: what a file of cases holds, and the same in another layout."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import print_json
from api.cli.eval.options import CaseFormat
from api.cli.options import Json
from eval.cases import Counts, count, parse_layout, read_cases, write_cases
from eval.report.wording import table


class CaseOutput(StrEnum):
    """How cases are written."""

    cases = "cases"
    ragas = "ragas"


app = typer.Typer(add_completion=False)


@app.command()
def cases(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A file of cases, or a folder of BEIR's.")],
    target: Annotated[
        Path | None, typer.Argument(metavar="OUT", help="Where to write them: .jsonl, .json or .csv.")
    ] = None,
    layout: CaseFormat = None,
    to: Annotated[CaseOutput, typer.Option("--to", help="The layout of OUT.")] = CaseOutput.cases,
    json: Json = False,
) -> None:
    """Check cases, say what they hold, and convert them."""
    read = read_cases(source, parse_layout(layout) if layout else None)
    if target is not None:
        write_cases(read, target, to.value)
    counts = count(read)
    if json:
        print_json(asdict(counts))
    else:
        typer.echo(_counted(counts))


def _counted(counts: Counts) -> str:
    named = [
        ["with a reference", counts.with_reference],
        ["with relevant sources", counts.with_sources],
        ["with contexts", counts.with_contexts],
        ["unanswerable", counts.unanswerable],
        ["synthetic", counts.synthetic],
        *([f"type {name}", number] for name, number in counts.types.items()),
    ]
    return table(["cases", str(counts.cases)], [[str(name), str(number)] for name, number in named])
