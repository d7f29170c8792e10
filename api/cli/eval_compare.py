"""`footnote eval compare`: two finished runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer
from pydantic import TypeAdapter

from eval.output import table
from eval.report import to_html
from eval.report.files import read_run
from eval.runs.compare import Comparison, Difference, compare, failures, parse_gates, worse
from rag.files import write_whole

_COMPARISON = TypeAdapter(Comparison)


def compare_and_report(
    first: Path, second: Path, *, gates: Sequence[str], margin: float, html: Path | None, as_json: bool
) -> bool:
    """Print what differs between two finished runs; whether nothing is surely worse and the gates hold."""
    before, now = read_run(first), read_run(second)
    comparison = compare(before, now, margin=margin, names=(str(first), str(second)))
    told = failures(now, parse_gates(gates))
    if html:
        write_whole(html, to_html(now, comparison))
    typer.echo(_COMPARISON.dump_json(comparison, indent=2).decode() if as_json else described(comparison))
    for line in told:
        typer.echo(line, err=True)
    return not told and not worse(comparison)


def described(comparison: Comparison) -> str:
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
