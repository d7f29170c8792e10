"""Ranking texts that no collection holds."""

from __future__ import annotations

import numpy as np
import pytest

from rag.models.ranking import UNFITTED, RelevanceWeights, TextRanker, bm25, ranking_features
from rag.models.registry import load_ranker
from rag.models.types import Encoder
from rag.settings import Settings

QUESTION = "What pressure is the pump rated for?"
TEXTS = [
    "The motor draws 4 kW.",
    "Pumps in this series are rated for a pressure of 16 bar.",
    "Lunch is at noon.",
]


def test_bm25_by_hand() -> None:
    scores = bm25("a red fox", ["red fox", "red cat", "blue cat"])
    idf_red, idf_fox = np.log(1 + 1.5 / 2.5), np.log(1 + 2.5 / 1.5)
    assert scores.tolist() == pytest.approx([idf_red + idf_fox, idf_red, 0], rel=1e-5)


def test_the_right_text_is_first_and_its_chance_stands_out(settings: Settings) -> None:
    ranker = load_ranker("footnote-encoder", settings)
    logits = ranker.relevance(QUESTION, TEXTS)
    assert int(np.argmax(logits)) == 1
    assert logits[1] > 0 > np.delete(logits, 1).max()


def test_weights_act_on_their_features(encoder: Encoder) -> None:
    features = ranking_features(encoder, QUESTION, TEXTS)
    assert features.shape == (3, 3)
    assert features[:, 2].mean() == pytest.approx(0, abs=1e-6)
    for place in range(3):
        weights = RelevanceWeights(*(float(i == place) for i in range(3)), bias=1.0)
        found = TextRanker(encoder, weights).relevance(QUESTION, TEXTS)
        assert found.tolist() == pytest.approx((features[:, place] + 1).tolist(), abs=1e-5)


def test_a_long_text_is_as_good_as_its_best_window(encoder: Encoder) -> None:
    padded = "Lunch is at noon. " * 120 + TEXTS[1]
    short, long = ranking_features(encoder, QUESTION, [TEXTS[2], padded])
    assert long[0] > short[0] + 0.2
    assert long[1] > short[1] + 0.2


def test_no_query_words_and_empty_texts(encoder: Encoder) -> None:
    assert np.isfinite(TextRanker(encoder, UNFITTED).relevance("the of", ["", "x", " "])).all()
