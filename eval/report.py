"""What an evaluation found: every row, and a mean with its interval for every metric; as JSON and as
Markdown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from eval.output import write_whole
from eval.stats import Interval, mean_interval


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something could not be computed: a stable code and a text for the user."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Row:
    """One case: what came back and what each metric said of it.

    A metric is in exactly one of `scores`, `skipped` (it does not apply; the value is the reason, e.g.
    `no_reference`) and `errors` (it applies and could not be computed). `response` has no citation markers.
    """

    question: str
    reference: str | None
    response: str
    abstained: bool
    reason: str | None
    sources: tuple[str, ...]
    scores: Mapping[str, float]
    skipped: Mapping[str, str]
    errors: Mapping[str, Failure]
    timings_ms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Summary:
    """A metric over all rows: `interval` is None when no row has a score; `n` is in the interval."""

    interval: Interval | None
    skipped: int
    errors: int


@dataclass(frozen=True, slots=True)
class Report:
    """An evaluation of one collection; `models` maps a role to `name@revision`."""

    collection: str
    created_at: datetime
    models: Mapping[str, str]
    metrics: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def abstained(self) -> int:
        """Rows without an answer."""
        return sum(row.abstained for row in self.rows)

    def summary(self, metric: str) -> Summary:
        """Mean, interval and counts of one metric."""
        values = [row.scores[metric] for row in self.rows if metric in row.scores]
        skipped = sum(metric in row.skipped for row in self.rows)
        errors = sum(metric in row.errors for row in self.rows)
        return Summary(mean_interval(values) if values else None, skipped, errors)

    def to_json(self) -> str:
        """The JSON that `GET /v1/evaluations/{id}` answers; never NaN."""
        return json.dumps(_report_object(self), ensure_ascii=False, indent=2, allow_nan=False)

    def to_markdown(self) -> str:
        """A table for people."""
        lines = [
            f"# Evaluation of `{self.collection}`",
            "",
            f"{len(self.rows)} questions, {self.abstained} of them without an answer;"
            f" {self.created_at:%Y-%m-%d %H:%M} UTC.",
            "Models: " + ", ".join(f"{role} `{name}`" for role, name in self.models.items()) + ".",
            "",
            "| metric | mean | 95% interval | n | not applicable | errors |",
            "|---|---:|---:|---:|---:|---:|",
        ]
        return "\n".join([*lines, *(_table_row(metric, self.summary(metric)) for metric in self.metrics), ""])


def write_report(report: Report, folder: Path) -> None:
    """Write report.json and report.md into `folder`, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "report.json", report.to_json() + "\n")
    write_whole(folder / "report.md", report.to_markdown())


def _report_object(report: Report) -> dict[str, object]:
    return {
        "collection": report.collection,
        "created_at": report.created_at.isoformat().replace("+00:00", "Z"),
        "models": dict(report.models),
        "cases": len(report.rows),
        "abstained": report.abstained,
        "scores": {metric: _summary_object(report.summary(metric)) for metric in report.metrics},
        "rows": [_row_object(row) for row in report.rows],
    }


def _summary_object(summary: Summary) -> dict[str, object]:
    found = summary.interval
    return {
        "mean": found.mean if found else None,
        "ci95": [found.low, found.high] if found else None,
        "n": found.n if found else 0,
        "skipped": summary.skipped,
        "errors": summary.errors,
    }


def _row_object(row: Row) -> dict[str, object]:
    return {
        "question": row.question,
        "reference": row.reference,
        "response": row.response,
        "abstained": row.abstained,
        "reason": row.reason,
        "sources": list(row.sources),
        "scores": dict(row.scores),
        "skipped": dict(row.skipped),
        "errors": {name: {"code": bad.code, "message": bad.message} for name, bad in row.errors.items()},
        "timings_ms": dict(row.timings_ms),
    }


def _table_row(metric: str, summary: Summary) -> str:
    found = summary.interval
    mean, between, n = (
        (f"{found.mean:.3f}", f"{found.low:.3f} – {found.high:.3f}", found.n) if found else ("–", "–", 0)
    )
    return f"| {metric} | {mean} | {between} | {n} | {summary.skipped} | {summary.errors} |"
