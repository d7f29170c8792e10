from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from eval.statistics import calibration_error
from lab.recipes.logistic import auc, best_balance, fit_logistic, fit_signed, predict
from lab.recipes.mining import Bm25, best, hybrid
from lab.recipes.reader.measure import first_sentence
from lab.recipes.results import mean_text, update_config


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


def test_labels_of_one_kind_are_refused() -> None:
    with pytest.raises(ValueError, match="class"):
        fit_logistic(np.ones((3, 1)), np.ones(3), np.ones(3))


def test_area_under_the_curve() -> None:
    scores, truth = np.array([1.0, 2, 3, 4]), np.array([False, False, True, True])
    assert auc(scores, truth) == 1
    assert auc(-scores, truth) == 0
    assert auc(np.ones(4), np.array([False, True, False, True])) == 0.5
    assert math.isnan(auc(scores, np.ones(4, bool)))


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


def test_figures_are_written_with_their_intervals_and_into_the_config(tmp_path: Path) -> None:
    assert mean_text([0.0, 1.0] * 50).startswith("0.500 [0.4")
    (tmp_path / "config.json").write_text('{"role": "reader", "b": 1}')
    update_config(tmp_path, {"a": [0.5], "b": 2})
    assert json.loads((tmp_path / "config.json").read_text()) == {"a": [0.5], "b": 2, "role": "reader"}


def test_the_trivial_reader_says_the_first_sentence() -> None:
    assert first_sentence("One. Two.") == "One."


def test_bm25_and_fusion_rank_the_obvious() -> None:
    texts = ["the pump has sixteen bar", "paris is in france", "bars and pumps of france"]
    lexical = Bm25(texts).scores(["pump bar", "unknownword", "paris"])
    assert best(lexical, 1)[[0, 2], 0].tolist() == [0, 1]
    assert lexical[1].max() == 0
    dense = np.array([[0.1, 0.9, 0.2]], np.float32)
    assert best(hybrid(dense, lexical[:1] * 0), 1)[0, 0] == 1
