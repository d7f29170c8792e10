"""Rankings over a BEIR folder: who is asked, what an order scores, which orders the gate compares."""

from __future__ import annotations

import math

import numpy as np
import pytest

from eval.corpus import BeirFolder, CorpusDocument
from lab.recipes.beir import answerable, ndcg
from lab.recipes.gate import ScoredCandidates, measure

DATA = BeirFolder(
    "tiny",
    "test",
    tuple(CorpusDocument(f"d{n}", "", f"text {n}") for n in range(4)),
    {"q1": "one", "q2": "two", "q3": "three"},
    {"q1": {"d2": 1}, "q2": {"d0": 2, "d1": 1}, "q3": {"d3": 0}},
)


def test_only_queries_with_an_answer_are_asked() -> None:
    assert list(answerable(DATA)) == ["q1", "q2"]


def test_ndcg_has_linear_gains_as_trec_eval_counts_them() -> None:
    worse = (1 + 2 / math.log2(3)) / (2 + 1 / math.log2(3))
    assert ndcg(DATA, {"q2": [1, 0, 2, 3], "q1": [2, 0]}) == pytest.approx([worse, 1.0])
    assert ndcg(DATA, {"q1": [0, 1, 3]}) == [0.0]


def test_the_gate_scores_every_order_of_the_candidates() -> None:
    hybrid, late = np.array([3, 2, 1], np.float32), np.array([1, 2, 9], np.float32)
    found = {"q1": ScoredCandidates([0, 1, 2], hybrid, late, late)}
    values = measure(DATA, found)
    assert values["hybrid"] == pytest.approx([0.5])
    assert values["late"] == values["reader"] == [1.0]
    assert len(values) == 10
