"""The bootstrap: what must hold for any sample."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.statistics import mean_interval, paired_difference

values = st.lists(st.floats(0, 1), min_size=1, max_size=50)


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
