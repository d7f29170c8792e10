"""Intervals, differences, calibration and curves: what must hold for any sample, and known cases."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.statistics import (
    calibration,
    calibration_error,
    coverage_risk,
    holm,
    mean_difference,
    mean_interval,
    median_ratio,
    paired_difference,
    share_difference,
)

values = st.lists(st.floats(0, 1), min_size=1, max_size=50)
PAIRS = st.lists(
    st.tuples(st.sampled_from([0.1, 0.2, 0.5, 0.9, 1.0]), st.floats(0, 1, allow_nan=False)),
    min_size=1,
    max_size=40,
)


@settings(max_examples=50, deadline=None)
@given(values)
def test_the_interval_lies_within_the_sample_and_repeats(sample: list[float]) -> None:
    found = mean_interval(sample)
    slack = 1e-9
    assert min(sample) - slack <= found.low <= found.high <= max(sample) + slack
    assert found.mean == pytest.approx(math.fsum(sample) / len(sample))
    assert found.n == len(sample)
    assert found == mean_interval(sample)


@given(st.floats(0, 1), st.integers(1, 30))
def test_a_constant_has_no_spread(value: float, n: int) -> None:
    found = mean_interval([value] * n)
    assert found.low == pytest.approx(value)
    assert found.high == pytest.approx(value)


def test_width_is_that_of_the_normal_approximation() -> None:
    sample = [0.0, 1.0] * 200
    found = mean_interval(sample)
    assert found.high - found.low == pytest.approx(2 * 1.96 * 0.5 / math.sqrt(400), rel=0.1)


def test_the_interval_does_not_depend_on_the_block_size(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = [0.25, 0.5, 1.0] * 40
    whole = mean_interval(sample)
    monkeypatch.setattr("eval.statistics.BLOCK", 100)
    assert mean_interval(sample) == whole


@settings(max_examples=25, deadline=None)
@given(values)
def test_paired_with_itself_is_zero(sample: list[float]) -> None:
    found = paired_difference(sample, sample)
    assert (found.mean, found.low, found.high) == (0, 0, 0)


@pytest.mark.parametrize("sample", [[], [math.nan], [0.5, math.inf]])
def test_no_mean_without_finite_values(sample: list[float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        mean_interval(sample)


def test_pairs_must_match() -> None:
    with pytest.raises(ValueError, match="shorter"):
        paired_difference([1.0, 2.0], [1.0])


def test_holm_adjusts_by_what_is_left() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "c": 0.06, "b": 0.06})
    assert holm({}) == {}


def test_intervals_hold_what_they_should() -> None:
    """Newcombe's worked example: 56 of 70 against 48 of 80 gives 0.0524 to 0.3339 (table II, method 10)."""
    shares = share_difference([1.0] * 48 + [0.0] * 32, [1.0] * 56 + [0.0] * 14)
    assert (shares.change, shares.low, shares.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    none = share_difference([0.0] * 200, [0.0] * 50)
    assert none.low < 0 < none.high
    random = np.random.default_rng(0)
    means = mean_difference(list(random.normal(0, 1, 400)), list(random.normal(1, 1, 400)))
    assert 0.7 < means.low < means.change < means.high < 1.3
    times = median_ratio(list(random.normal(100, 5, 200)), list(random.normal(200, 5, 200)))
    assert 1.9 < times.low < times.change < times.high < 2.1


def test_a_known_curve() -> None:
    found = coverage_risk([0.9, 0.8, 0.7, 0.6], [0, 1, 0, 1])
    assert [point.coverage for point in found.points] == [0.25, 0.5, 0.75, 1.0]
    assert [point.risk for point in found.points] == pytest.approx([0, 1 / 2, 1 / 3, 1 / 2])
    assert found.aurc == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    assert found.best == pytest.approx((0 + 0 + 1 / 3 + 1 / 2) / 4)
    assert [point.threshold for point in found.points] == [0.9, 0.8, 0.7, 0.6]


def test_equally_sure_answers_stand_or_fall_together() -> None:
    found = coverage_risk([0.5, 0.5, 0.5], [1, 0, 0])
    assert [(point.coverage, point.risk) for point in found.points] == [(1.0, pytest.approx(1 / 3))]
    assert found.aurc == pytest.approx(1 / 3)
    assert coverage_risk([0.5, 0.5, 0.5], [0, 0, 1]) == found, "their order says nothing"


def test_abstentions_shorten_the_curve_and_leave_its_risk() -> None:
    whole, half = coverage_risk([0.9, 0.1], [0, 1]), coverage_risk([0.9, 0.1], [0, 1], total=4)
    assert [point.coverage for point in half.points] == [0.25, 0.5]
    assert [point.risk for point in half.points] == [point.risk for point in whole.points]


@given(PAIRS)
def test_a_curve_ends_at_the_mean_loss_and_no_order_beats_the_best(pairs: list[tuple[float, float]]) -> None:
    confidences, losses = zip(*pairs, strict=True)
    found = coverage_risk(confidences, losses)
    assert found.points[-1].coverage == 1
    assert found.points[-1].risk == pytest.approx(np.mean(losses))
    assert all(0 <= point.low <= point.high <= 1 + 1e-9 for point in found.points)
    assert found.best <= found.aurc + 1e-9


def test_a_known_calibration_error() -> None:
    found = calibration([0.95, 0.95, 0.15, 0.15], [1, 0, 0, 0])
    assert found.error == pytest.approx(0.5 * 0.45 + 0.5 * 0.15)
    assert found.brier == pytest.approx((0.05**2 + 0.95**2 + 2 * 0.15**2) / 4)
    assert [(one.low, one.correct.n) for one in found.bins] == [(0.1, 2), (0.9, 2)]
    assert calibration_error([0.95, 0.95, 0.15, 0.15], [1, 0, 0, 0]) == found.error
    assert calibration([1.0], [1.0]).error == 0, "the last bin holds 1"


def test_nothing_has_no_curve_and_no_calibration() -> None:
    for measure in (coverage_risk, calibration, calibration_error):
        with pytest.raises(ValueError, match="0"):
            measure([], [])
        with pytest.raises(ValueError, match="2"):
            measure([0.1, 0.2], [1.0])
