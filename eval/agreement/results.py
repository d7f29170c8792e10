"""Figures of a comparison with people: dataclasses only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from eval.agreement.scorers import Kind
from eval.statistics import Interval

Slice = tuple[str, str]
"""A way to cut, and the part, such as ("claim", "has a number")."""

Values = Mapping[str, Interval | None]
"""A measure's name to its value; None where it is undefined, as the correlation of a constant."""


@dataclass(frozen=True, slots=True)
class Bin:
    """A bin of a reliability diagram: mean score, share of positive rows, and how many rows."""

    score: float
    positive: float
    rows: int


@dataclass(frozen=True, slots=True)
class Rating:
    """One metric against the labels; `skipped` counts the rows it could not judge, by reason.

    `confusion` maps (label, said) to rows at the metric's own threshold, or its verdicts where the labels
    tell the three apart.
    """

    name: str
    kind: Kind
    rows: int
    skipped: Mapping[str, int]
    values: Values
    confusion: Mapping[tuple[str, str], int]
    reliability: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Lead:
    """A metric less a baseline over the rows that both judged, paired."""

    metric: str
    baseline: str
    measure: str
    difference: Interval | None


@dataclass(frozen=True, slots=True)
class SliceResult:
    """A metric in one slice: its ranking, the share of negative rows that it took for positive and of
    positive ones that it did not, and its lead over each baseline.
    """

    metric: str
    slice: Slice
    rows: int
    positive: int
    value: Interval | None
    taken: float | None
    missed: float | None
    leads: tuple[Lead, ...]

    @property
    def in_doubt(self) -> bool:
        """Whether some baseline may be as good here."""
        return any(lead.difference is None or lead.difference.low <= 0 for lead in self.leads)


@dataclass(frozen=True, slots=True)
class Mistake:
    """A row on which a metric was sure and the person said otherwise."""

    metric: str
    line: int
    label: str
    score: float
    question: str
    response: str
    evidence: str


@dataclass(frozen=True, slots=True)
class SetAgreement:
    """One file: `drawn_from` is how many rows there were to sample, `where` which were used, `seen` what the
    shipped models know of them, `labels` how many rows have each. `measure` is what metrics are compared by:
    `auc`, or `spearman` for grades.
    """

    name: str
    seen: str
    where: tuple[str, ...]
    rows: int
    drawn_from: int
    unlabelled: int
    groups: int
    labels: Mapping[str, int]
    graded: bool
    measure: str
    ratings: tuple[Rating, ...]
    leads: tuple[Lead, ...]
    parts: tuple[SliceResult, ...]
    mistakes: tuple[Mistake, ...]


@dataclass(frozen=True, slots=True)
class AgreementReport:
    """All files, and what it takes to get the same again; `models` maps a role to `name@revision`."""

    sets: tuple[SetAgreement, ...]
    models: Mapping[str, str]
    seed: int
    resamples: int
    machine: Mapping[str, str | int]
