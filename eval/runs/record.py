"""A finished run: what was asked of what, with everything that could change a score, and every row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from eval.metrics.ragas.meter import Spent
from eval.statistics import Interval, mean_interval
from rag.types import Label


@dataclass(frozen=True, slots=True)
class Setup:
    """What a run was made with, enough to repeat it.

    `collection_version` is the sequence number of the collection's last change, `models` maps a role to
    `name@revision`, `settings` are those that answers depend on (no secret among them), `packages` maps a
    package to its version, `machine` is eval.environment's. `cases_file` is the name of the file that the
    cases came from, if they came from one, `cases_sha256` a hash of the cases.
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


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something could not be computed: a stable code and a text for the user."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A retrieved passage."""

    source: str
    title: str
    text: str
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Footnote:
    """What a marker of the answer stands for: a span of the document `source`, and its text; `passage`
    is the place of the retrieved passage (from 0) that it is in.
    """

    marker: int
    source: str
    start: int
    end: int
    quote: str
    page: int | None = None
    passage: int | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """A sentence of the answer with the markers that it cites and the verdict it got live; `support` is the
    probability of being supported. None where it was not checked.
    """

    text: str
    citations: tuple[int, ...] = ()
    label: Label | None = None
    support: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One case with its answer and scores.

    A metric is in exactly one of `scores`, `skipped` (it does not apply; the value is the reason, e.g.
    `no_reference`) and `errors` (it applies and could not be computed). `response` has no footnote markers,
    `sentences` have; in `cited` they count the passages from 1 instead. `confidence` is what the answer's
    route was sure of, also where it abstained; `route` the step that answered, or `none`. `slices` are what
    results are compared by: `type`, `source`, `length`. Times are milliseconds, `judge_ms` by metric.
    `failure` is why the question could not be asked.
    """

    id: str
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
    judge_ms: Mapping[str, float] = field(default_factory=dict)
    confidence: float | None = None
    route: str = "none"
    sentences: tuple[Checked, ...] = ()
    footnotes: tuple[Footnote, ...] = ()
    passages: tuple[Passage, ...] = ()
    slices: Mapping[str, str] = field(default_factory=dict)
    synthetic: bool = False
    spent: Spent = field(default_factory=Spent)
    judge_spent: Spent = field(default_factory=Spent)
    failure: Failure | None = None
    cited: str = ""
