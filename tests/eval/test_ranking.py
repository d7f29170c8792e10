"""Rankings against judgements, checked against nDCG worked out by hand."""

from __future__ import annotations

from math import log2

import pytest

from eval.retrieval import first_of_each, score_ranking

QRELS = {"q1": {"a": 2, "b": 1, "c": 0}, "q2": {"d": 1}}


def test_ndcg_by_hand() -> None:
    found = score_ranking(QRELS, {"q1": ["x", "b", "a"], "q2": ["d"]})
    gained = 1 / log2(3) + 2 / log2(4)
    ideal = 2 / log2(2) + 1 / log2(3)
    assert found["nDCG@10"]["q1"] == pytest.approx(gained / ideal)
    assert found["nDCG@10"]["q2"] == 1
    assert found["RR"] == {"q1": 0.5, "q2": 1}
    assert found["R@100"] == {"q1": 1, "q2": 1}


def test_a_query_without_an_answer_scores_zero_and_is_not_dropped() -> None:
    found = score_ranking(QRELS, {"q1": ["a", "b"], "q2": []})
    assert found["nDCG@10"] == {"q1": 1, "q2": 0}
    assert score_ranking(QRELS, {"q1": ["a"]})["RR"] == {"q1": 1, "q2": 0}


def test_order_alone_counts_not_the_ids() -> None:
    """trec_eval breaks ties by id, the highest first; ranks leave no tie."""
    assert score_ranking({"q": {"a": 1}}, {"q": ["a", "z"]})["RR"] == {"q": 1}
    assert score_ranking({"q": {"z": 1}}, {"q": ["a", "z"]})["RR"] == {"q": 0.5}


def test_a_document_stands_where_its_best_chunk_does() -> None:
    assert first_of_each(["b", "a", "b", "c", "a"]) == ["b", "a", "c"]
