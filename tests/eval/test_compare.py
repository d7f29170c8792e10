"""Two runs side by side: what differs is found, what is chance is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from eval.runs.compare import ANSWERED, Comparison, Difference, compare, worse
from eval.runs.gates import failures, parse_gates
from eval.runs.record import Row, Run, Setup
from eval.statistics import sign_flip_p
from rag.errors import InvalidInput

METRICS = ("string_present", "rouge_score")
SETUP = Setup(
    "a", "manuals", 7, datetime(2026, 11, 21, tzinfo=UTC), METRICS, 3, None, "0", {"reader": "r@1"},
    {"reader_candidates": 20, "k": 5}, {"numpy": "2"}, {"cores": 2},
)  # fmt: skip


def row(number: int, scores: dict[str, float], *, abstained: bool = False, kind: str = "fact") -> Row:
    return Row(
        f"case-{number}", f"Question {number}?", "r", "a", abstained, None, (), scores, {}, {},
        slices={"type": kind, "length": "short"},
    )  # fmt: skip


def run(rows: Sequence[Row], **settings: int) -> Run:
    return Run(replace(SETUP, cases=len(rows), settings={**SETUP.settings, **settings}), tuple(rows), 1.0)


def noisy(seed: int, count: int = 120, lost: float = 0.0) -> Run:
    """Scores of a system whose answers differ by chance from run to run; `lost` is a real loss."""
    base, chance = np.random.default_rng(1), np.random.default_rng(seed)
    rows = []
    for number in range(count):
        likely = base.random()
        right = float(chance.random() < likely - lost)
        scores = {
            "string_present": right,
            "rouge_score": min(1.0, max(0.0, likely - lost + chance.normal(0, 0.1))),
        }
        rows.append(row(number, scores, kind=("fact", "list")[number % 2]))
    return run(rows)


def found(comparison: Comparison, metric: str, where: tuple[str, str] | None = None) -> Difference:
    return next(one for one in comparison.differences if (one.metric, one.slice) == (metric, where))


def test_a_run_is_the_same_as_itself() -> None:
    comparison = compare(noisy(2), noisy(2))
    assert {one.outcome for one in comparison.differences} == {"same"}
    assert comparison.changes == ()
    assert comparison.altered == ()
    assert worse(comparison) == []


def test_a_loss_is_found_in_every_metric_and_in_its_slices() -> None:
    comparison = compare(noisy(2), noisy(3, lost=0.25))
    assert {one.metric for one in worse(comparison)} == set(METRICS)
    assert found(comparison, "rouge_score", ("type", "list")).outcome == "worse"
    assert {one.outcome for one in compare(noisy(3, lost=0.25), noisy(2)).differences} >= {"better"}
    loss = found(comparison, "rouge_score")
    assert loss.difference.mean == pytest.approx(loss.second - loss.first)
    assert loss.difference.high < 0


def test_chance_alone_is_rarely_told_apart() -> None:
    """Of 200 pairs of runs of one system at most one in twenty; 18 is where that becomes hard to believe."""
    alarms = sum(bool(worse(compare(noisy(2 * n + 10), noisy(2 * n + 11)))) for n in range(200))
    assert alarms <= 18


def test_only_cases_of_both_runs_count_and_the_others_are_counted() -> None:
    first = run([row(number, {"string_present": 1.0}) for number in range(5)])
    second = run([row(number, {"string_present": 1.0}) for number in range(2, 9)])
    comparison = compare(first, second)
    assert found(comparison, "string_present").difference.n == 3
    assert comparison.unmatched == 6


def test_a_case_that_only_one_run_could_score_is_left_out() -> None:
    first = run([row(1, {"rouge_score": 0.5}), row(2, {"rouge_score": 0.7})])
    second = run([row(1, {"rouge_score": 0.1}), row(2, {})])
    assert found(compare(first, second), "rouge_score").difference.n == 1


def test_abstaining_more_is_a_difference_by_itself() -> None:
    first = run([row(number, {}) for number in range(40)])
    second = run([row(number, {}, abstained=number < 12) for number in range(40)])
    lost = found(compare(first, second), ANSWERED)
    assert (lost.first, lost.second, lost.outcome) == (1.0, 0.7, "worse")


def test_wins_and_losses_are_listed_largest_first() -> None:
    first = run([row(1, {"rouge_score": 0.5}), row(2, {"rouge_score": 0.7}), row(3, {"rouge_score": 0.2})])
    second = run([row(1, {"rouge_score": 0.6}), row(2, {"rouge_score": 0.1}), row(3, {"rouge_score": 0.2})])
    assert [(one.id, one.second - one.first) for one in compare(first, second).changes] == [
        ("case-2", pytest.approx(-0.6)),
        ("case-1", pytest.approx(0.1)),
    ]


def test_what_was_altered_is_named() -> None:
    altered = compare(run([row(1, {})]), run([row(1, {})], reader_candidates=0)).altered
    assert altered == ("settings.reader_candidates: 20 → 0",)


def test_a_margin_lets_small_losses_pass() -> None:
    first, second = noisy(2), noisy(2, lost=0.02)
    rouge = found(compare(first, second), "rouge_score")
    assert rouge.outcome == "worse"
    assert found(compare(first, second, margin=0.05), "rouge_score").outcome == "same"


def test_small_slices_are_not_looked_at() -> None:
    rows = [row(number, {"rouge_score": 0.5}, kind="rare" if number < 4 else "fact") for number in range(40)]
    slices = {one.slice for one in compare(run(rows), run(rows)).differences}
    assert slices == {None, ("type", "fact")}


def test_signs_are_flipped_exactly_where_few_differ() -> None:
    assert sign_flip_p([0.0, 0.0]) == 1
    assert sign_flip_p([1.0] * 5 + [0.0] * 90) == pytest.approx(2 / 32)
    assert sign_flip_p([1.0, -1.0]) == 1
    assert sign_flip_p([3.0, 1.0]) == pytest.approx(0.5)


def test_drawn_signs_agree_with_the_normal_approximation() -> None:
    values = np.random.default_rng(0).normal(0.2, 1.0, 100)
    z = abs(values.sum()) / np.sqrt((values**2).sum())
    from statistics import NormalDist

    assert sign_flip_p(list(values)) == pytest.approx(2 * (1 - NormalDist().cdf(z)), abs=0.02)


def test_gates() -> None:
    half = run([row(1, {"rouge_score": 0.4}), row(2, {"rouge_score": 0.6}, abstained=True)])
    assert failures(half, parse_gates(["rouge_score=0.5", "answered=0.5"])) == []
    assert failures(half, parse_gates(["rouge_score=0.51"])) == ["rouge_score is 0.500, and must reach 0.51"]
    assert failures(half, parse_gates(["string_present=0"])) == [
        "string_present has no score, and must reach 0"
    ]
    for wrong in ("rouge_score", "rouge_score=high", "=1", "rouge_score=nan"):
        with pytest.raises(InvalidInput) as caught:
            parse_gates([wrong])
        assert caught.value.code == "invalid_gate"
    with pytest.raises(InvalidInput) as unknown:
        failures(half, parse_gates(["accuracy=0.5"]))
    assert unknown.value.code == "invalid_gate"
