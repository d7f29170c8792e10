"""`footnote eval compare`: two finished runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter

from api.cli.eval.options import FailUnder
from api.cli.options import FAILED, Json
from eval.report.files import read_run
from eval.report.html import to_html
from eval.report.wording import table
from eval.runs.compare import Comparison, Difference, worse
from eval.runs.compare import compare as compare_runs
from eval.runs.gates import failures, parse_gates
from rag.files import write_whole

_COMPARISON = TypeAdapter(Comparison)

app = typer.Typer(add_completion=False)


@app.command()
def compare(
    first: Annotated[
        Path, typer.Argument(metavar="FIRST", help="A finished run: its folder or report.json.")
    ],
    second: Annotated[Path, typer.Argument(metavar="SECOND", help="The run that must not be worse.")],
    fail_under: FailUnder = None,
    margin: Annotated[float, typer.Option(min=0, help="Differences of a mean up to this do not count.")] = 0,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the report of SECOND against FIRST.")
    ] = None,
    json: Json = False,
) -> None:
    """Say where a run is better or worse than another on the same cases; status 1 when surely worse."""
    if not _compare_and_report(first, second, gates=fail_under or (), margin=margin, html=html, as_json=json):
        raise typer.Exit(FAILED)


def _compare_and_report(
    first: Path, second: Path, *, gates: Sequence[str], margin: float, html: Path | None, as_json: bool
) -> bool:
    """Print what differs between two finished runs; whether nothing is surely worse and the gates hold."""
    before, now = read_run(first), read_run(second)
    comparison = compare_runs(before, now, margin=margin, names=(str(first), str(second)))
    problems = failures(now, parse_gates(gates))
    if html:
        write_whole(html, to_html(now, comparison))
    typer.echo(_COMPARISON.dump_json(comparison, indent=2).decode() if as_json else _described(comparison))
    for line in problems:
        typer.echo(line, err=True)
    return not problems and not worse(comparison)


def _described(comparison: Comparison) -> str:
    """A comparison as Markdown: what was altered, every metric, the slices that differ, wins and losses."""
    whole = [one for one in comparison.differences if one.slice is None]
    sliced = [one for one in comparison.differences if one.slice and one.outcome != "same"]
    parts = [f"# {comparison.second} against {comparison.first}"]
    altered = [f"- {change}" for change in comparison.altered]
    parts.append("\n".join(altered) if altered else "Both were made with the same setup.")
    if comparison.unmatched:
        parts.append(f"{comparison.unmatched} cases are in one of the runs only.")
    parts.append(_differences(whole))
    parts.append("## Slices that differ\n\n" + _differences(sliced) if sliced else "No slice differs surely.")
    if comparison.changes:
        parts.append("## Largest changes\n\n" + _largest(comparison))
    return "\n\n".join(parts) + "\n"


def _differences(found: Sequence[Difference]) -> str:
    header = ["metric", "first", "second", "difference", "95% interval", "n", ""]
    return table(header, [_difference(one) for one in found])


def _difference(found: Difference) -> list[str]:
    name = found.metric if found.slice is None else f"{found.metric} ({found.slice[0]} {found.slice[1]})"
    between = found.difference
    means = [f"{found.first:.3f}", f"{found.second:.3f}", f"{between.mean:+.3f}"]
    return [name, *means, f"{between.low:+.3f} to {between.high:+.3f}", str(between.n), found.outcome]


def _largest(comparison: Comparison, most: int = 20) -> str:
    rows = [
        [change.question[:70], change.metric, f"{change.first:.2f}", f"{change.second:.2f}"]
        for change in comparison.changes[:most]
    ]
    return table(["question", "metric", "first", "second"], rows)
