"""All that a report says of a run beyond its means, worked out once for every format."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.metrics.ragas.meter import Spent
from eval.report.outcomes import (
    Outcome,
    answerable,
    answered,
    correctness_metric,
    failed,
    outcomes,
)
from eval.report.worst import Worst, worst
from eval.runs.record import Row, Run, Summary
from eval.statistics import Calibration, CoverageRisk, Interval, calibration, coverage_risk, mean_interval


@dataclass(frozen=True, slots=True)
class Counts:
    """Cases by what became of them. `unanswerable` are known to have no answer in the collection, `declined`
    are those of them that got none.
    """

    cases: int
    answered: int
    abstained: int
    failed: int
    unanswerable: int
    declined: int


@dataclass(frozen=True, slots=True)
class Analysis:
    """A run with what is drawn from it. `metric` says whether an answer is right and `main` are the metrics
    that slices are compared by; curve and calibration are None where no answer has both confidence and score.
    `reasons` counts abstentions, `failures` questions that could not be asked, `errors` scores that could not
    be computed, each by code.
    """

    run: Run
    summaries: Mapping[str, Summary]
    counts: Counts
    metric: str | None
    main: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    curve: CoverageRisk | None
    calibration: Calibration | None
    stages: tuple[Stage, ...]
    judging: tuple[Stage, ...]
    slices: tuple[Slice, ...]
    worst: tuple[Worst, ...]
    reasons: Mapping[str, int]
    failures: Mapping[str, int]
    errors: Mapping[tuple[str, str], int]

    @property
    def applied(self) -> dict[str, Summary]:
        """The metrics that had something to score."""
        return {name: one for name, one in self.summaries.items() if one.interval or one.errors}

    @property
    def idle(self) -> tuple[str, ...]:
        """The metrics that apply to no case, such as those that need a reference where there is none."""
        return tuple(name for name in self.summaries if name not in self.applied)


def analyse(run: Run) -> Analysis:
    """Everything at once; the same run gives the same figures."""
    metric = correctness_metric(run)
    main = tuple(
        dict.fromkeys(name for name in (metric, "faithfulness") if name in run.setup.metrics and name)
    )
    found = outcomes(run.rows, metric) if metric else ()
    sure, right = [one.confidence for one in found], [one.correct for one in found]
    asked = len(found) + sum(row.abstained for row in run.rows)
    return Analysis(
        run=run,
        summaries={name: run.summary(name) for name in run.setup.metrics},
        counts=_counts(run.rows),
        metric=metric,
        main=main,
        outcomes=found,
        curve=coverage_risk(sure, [1 - one for one in right], total=asked) if found else None,
        calibration=calibration(sure, right) if found else None,
        stages=stages([row.timings_ms for row in run.rows if row.timings_ms]),
        judging=spans(_judging(run.rows)),
        slices=by_slice(run.rows, main),
        worst=worst(run.rows, metric, main),
        reasons=Counter(row.reason or "unknown" for row in run.rows if row.abstained),
        failures=Counter(row.failure.code for row in run.rows if row.failure),
        errors=_errors(run.rows),
    )


def spent(run: Run) -> Mapping[str, Spent]:
    """Tokens and money by what they went to; what cost nothing is left out."""
    kinds = {"answering": [row.spent for row in run.rows], "judging": [row.judge_spent for row in run.rows]}
    sums = {name: _sum(parts) for name, parts in kinds.items()}
    return {name: whole for name, whole in sums.items() if whole != Spent()}


def _sum(parts: Sequence[Spent]) -> Spent:
    prompt, completion = (
        sum(part.prompt_tokens for part in parts),
        sum(part.completion_tokens for part in parts),
    )
    return Spent(prompt, completion, sum(part.cost for part in parts))


def _counts(rows: Sequence[Row]) -> Counts:
    without = [row for row in rows if answerable(row) is False and not failed(row)]
    return Counts(
        cases=len(rows),
        answered=sum(answered(row) for row in rows),
        abstained=sum(row.abstained for row in rows),
        failed=sum(failed(row) for row in rows),
        unanswerable=len(without),
        declined=sum(row.abstained for row in without),
    )


def _judging(rows: Sequence[Row]) -> dict[str, list[float]]:
    names = dict.fromkeys(name for row in rows for name in row.judge_ms)
    return {name: [row.judge_ms[name] for row in rows if name in row.judge_ms] for name in names}


def _errors(rows: Sequence[Row]) -> Mapping[tuple[str, str], int]:
    """How often each metric could not be computed of an answer, by metric and code."""
    return Counter((name, bad.code) for row in rows if not row.failure for name, bad in row.errors.items())


TOTAL = "total"
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Stage:
    """Milliseconds of a stage over the `n` answers that went through it: median, 95th percentile (linear
    interpolation) and maximum. `share` is of the time of all answers together.
    """

    name: str
    p50: float
    p95: float
    longest: float
    share: float
    n: int


def stages(timings: Sequence[Mapping[str, float]]) -> tuple[Stage, ...]:
    """Each stage in the order in which it first ran; then `other`, what the total holds beside them, where
    that is one part in a hundred or more; last the total.
    """
    timed = [one for one in timings if TOTAL in one]
    names = list(dict.fromkeys(name for one in timed for name in one if name != TOTAL))
    rest = [one[TOTAL] - sum(ms for name, ms in one.items() if name != TOTAL) for one in timed]
    whole = sum(one[TOTAL] for one in timed)
    found = [_stage(name, [one[name] for one in timed if name in one], whole) for name in names]
    if names and sum(rest) >= whole / 100:
        found.append(_stage(OTHER, [max(0.0, ms) for ms in rest], whole))
    return (*found, _stage(TOTAL, [one[TOTAL] for one in timed], whole)) if timed else ()


def spans(values: Mapping[str, Sequence[float]]) -> tuple[Stage, ...]:
    """The same of times that are no parts of a total, the longest first; `share` is of their sum."""
    whole = sum(sum(times) for times in values.values())
    found = [_stage(name, times, whole) for name, times in values.items() if times]
    return tuple(sorted(found, key=lambda stage: -stage.share))


def _stage(name: str, times: Sequence[float], whole: float) -> Stage:
    p50, p95 = (float(value) for value in np.percentile(times, [50, 95]))
    return Stage(name, p50, p95, max(times), sum(times) / whole if whole > 0 else 0.0, len(times))


LEAST = 5
"""Cases from which a slice is told apart: an interval of fewer says next to nothing."""
MOST = 12
"""Values of a slice that are told apart, the most frequent ones."""


@dataclass(frozen=True, slots=True)
class Slice:
    """The `n` cases whose slice `name` is `value`; a metric that scored none of them is missing."""

    name: str
    value: str
    n: int
    answered: int
    scores: Mapping[str, Interval]


def by_slice(rows: Sequence[Row], metrics: Sequence[str]) -> tuple[Slice, ...]:
    """Slices by name, each with its values, the most frequent first; a name with fewer than two values that
    are told apart says nothing and is left out.
    """
    parts: defaultdict[str, defaultdict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        for name, value in row.slices.items():
            parts[name][value].append(row)
    found: list[Slice] = []
    for name in sorted(parts):
        largest = sorted(parts[name].items(), key=lambda part: (-len(part[1]), part[0]))[:MOST]
        told = [(value, inside) for value, inside in largest if len(inside) >= LEAST]
        if len(told) > 1:
            found += [_slice(name, value, inside, metrics) for value, inside in told]
    return tuple(found)


def _slice(name: str, value: str, rows: Sequence[Row], metrics: Sequence[str]) -> Slice:
    values = {metric: [row.scores[metric] for row in rows if metric in row.scores] for metric in metrics}
    scores = {metric: mean_interval(known) for metric, known in values.items() if known}
    return Slice(name, value, len(rows), sum(answered(row) for row in rows), scores)
