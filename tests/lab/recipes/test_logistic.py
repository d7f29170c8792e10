from __future__ import annotations

import math

import numpy as np
import pytest

from lab.recipes.logistic import (
    auc,
    balanced_accuracy,
    best_balance,
    best_threshold,
    bootstrap,
    calibration_error,
    fit_logistic,
    fit_signed,
    predict,
)
from lab.recipes.mining import Bm25, best, hybrid
from lab.recipes.reader.coverage import best_f1, exact, f1, first_sentence


def test_known_weights_are_found_again() -> None:
    rng = np.random.default_rng(1)
    features = rng.normal(size=(20_000, 3)) * [1, 5, 0.2] + [0, 3, -1]
    true = np.array([1.5, -0.3, 2.0, 0.5])
    labels = (rng.random(20_000) < predict(true, features)).astype(float)
    fitted = fit_logistic(features, labels, np.ones(20_000), ridge=1e-6)
    np.testing.assert_allclose(fitted, true, atol=0.25)
    assert calibration_error(predict(fitted, features), labels) < 0.02


def test_a_feature_against_its_sign_is_left_out() -> None:
    rng = np.random.default_rng(2)
    features = rng.normal(size=(5000, 2))
    labels = (rng.random(5000) < predict(np.array([2.0, -1.0, 0.0]), features)).astype(float)
    free, bound = (fit_signed(features, labels, np.ones(5000), signs) for signs in ((1, -1), (1, 1)))
    assert free[1] < -0.5
    assert bound[1] == 0
    assert bound[0] > 1


def test_separable_data_stays_finite() -> None:
    features = np.array([[0.0], [1.0], [2.0], [3.0]])
    weights = fit_logistic(features, np.array([0.0, 0, 1, 1]), np.ones(4))
    assert np.isfinite(weights).all()
    assert predict(weights, features)[3] > 0.9


def test_area_under_the_curve() -> None:
    assert auc([1, 2, 3, 4], [0, 0, 1, 1]) == 1
    assert auc([4, 3, 2, 1], [0, 0, 1, 1]) == 0
    assert auc([1, 1, 1, 1], [0, 1, 0, 1]) == 0.5
    assert math.isnan(auc([1, 2], [1, 1]))


def test_thresholds_and_balanced_accuracy() -> None:
    truth = np.array([False] * 90 + [True] * 10)
    scores = np.concatenate([np.linspace(0, 0.5, 90), np.linspace(0.6, 1, 10)])
    assert balanced_accuracy(scores >= best_threshold(scores, truth), truth) == 1
    assert balanced_accuracy(np.zeros(100, bool), truth) == 0.5


def test_the_balanced_threshold_hears_every_group() -> None:
    low, high = np.linspace(0, 0.4, 90), np.linspace(0.6, 1, 10)
    scores = np.concatenate([low, high])
    truth = np.concatenate([low > 0.2, high > 0.8])
    groups = ["many"] * 90 + ["few"] * 10
    assert 0.19 < best_balance(low, truth[:90], groups[:90]) < 0.22
    assert best_balance(scores, truth, groups) == pytest.approx(0.2, abs=0.02)
    alike = np.concatenate([low > 0.39, high > 0.8])
    assert best_balance(scores, alike, ["many"] * 90 + ["other"] * 10) > 0.38
    assert best_balance(scores, np.ones(100, bool), groups) <= 0.1


def test_calibration_error_of_overconfidence() -> None:
    assert calibration_error(np.full(10, 0.9), np.array([1.0] * 5 + [0.0] * 5)) == pytest.approx(0.4)


def test_bootstrap_holds_the_mean() -> None:
    interval = bootstrap([0.0, 1.0] * 50)
    assert interval.low < interval.mean == 0.5 < interval.high


def test_answer_measures() -> None:
    assert f1("the Eiffel Tower", "Eiffel tower!") == 1
    assert f1("", "x") == 0
    assert best_f1("in 1937", ["September 1937", "1937"]) == pytest.approx(2 / 3)
    assert best_f1("", []) == 1
    assert best_f1("x", []) == 0
    assert exact("The 1937", ["1937"]) == 1
    assert first_sentence("One. Two.") == "One."


def test_bm25_and_fusion_rank_the_obvious() -> None:
    texts = ["the pump has sixteen bar", "paris is in france", "bars and pumps of france"]
    lexical = Bm25(texts).scores(["pump bar", "unknownword", "paris"])
    assert best(lexical, 1)[[0, 2], 0].tolist() == [0, 1]
    assert lexical[1].max() == 0
    dense = np.array([[0.1, 0.9, 0.2]], np.float32)
    assert best(hybrid(dense, lexical[:1] * 0), 1)[0, 0] == 1
