"""A finished run: what was asked of what, with everything that could change a score, and every row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from eval.runs.row import Row
from eval.stats import Interval, mean_interval


@dataclass(frozen=True, slots=True)
class Setup:
    """What a run was made with, enough to repeat it.

    `collection_version` is the sequence number of the collection's last change, `models` maps a role to
    `name@revision`, `settings` are those that answers depend on (no secret among them), `packages` maps a
    package to its version, `machine` is eval.machine's. `cases_file` is the name of the file the cases came
    from, if they came from one, `cases_sha256` a hash of the cases.
    """

    id: str
    collection: str
    collection_version: int
    created_at: datetime
    metrics: tuple[str, ...]
    cases: int
    cases_file: str | None
    cases_sha256: str
    models: Mapping[str, str]
    settings: Mapping[str, str | int | float | bool | None]
    packages: Mapping[str, str]
    machine: Mapping[str, str | int]
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """A metric over all rows: `interval` is None when no row has a score; `n` is in the interval."""

    interval: Interval | None
    skipped: int
    errors: int


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run; `seconds` is the time it took, pauses between resumptions left out."""

    setup: Setup
    rows: tuple[Row, ...]
    seconds: float

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
