"""Two runs of the same cases, side by side: what `eval compare` found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from eval.stats import Interval

Outcome = Literal["better", "worse", "same"]
"""`same` is: the interval of the difference holds 0."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A metric in one slice: means of both runs over the cases that both scored, and the paired difference
    (second less first) with its interval. `slice` is None for all cases, else `(name, value)`.
    """

    metric: str
    slice: tuple[str, str] | None
    first: float
    second: float
    difference: Interval
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Change:
    """A case whose score of a metric differs."""

    id: str
    question: str
    metric: str
    first: float
    second: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """`first` and `second` name the runs; `changes` are the wins and losses, largest first. `altered` says
    what differs in the setups, in words such as `settings.reader_candidates: 20 → 0`; `unmatched` counts the
    cases that only one of the runs has.
    """

    first: str
    second: str
    differences: tuple[Difference, ...]
    changes: tuple[Change, ...]
    altered: tuple[str, ...]
    unmatched: int
