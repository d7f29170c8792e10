"""Fusion of rankings."""

from __future__ import annotations

import math
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.index.types import Scored
from rag.search.fuse import convex, reciprocal_rank

plainly = partial(convex, dense_weight=1.0, lexical_weight=0.5)


def ranking(*pairs: tuple[int, float]) -> list[Scored]:
    return [Scored(key, score) for key, score in pairs]


def test_reciprocal_rank_sums_over_the_rankings() -> None:
    fused = reciprocal_rank([ranking((1, 9.0), (2, 8.0)), ranking((2, 0.7), (3, 0.6))])
    assert [one.key for one in fused] == [2, 1, 3]
    assert fused[0].score == pytest.approx(1 / 62 + 1 / 61)
    assert fused[1].score == pytest.approx(1 / 61)


def test_reciprocal_rank_keeps_terms() -> None:
    fused = reciprocal_rank([ranking((4, 0.9)), [Scored(5, 3.0, ("pump",)), Scored(4, 2.0, ("bar",))]])
    assert [(one.key, one.terms) for one in fused] == [(4, ("bar",)), (5, ("pump",))]


def test_convex_weighs_standardised_scores() -> None:
    dense, lexical = ranking((1, 0.9), (2, 0.5)), [Scored(3, 12.0, ("pump",)), Scored(2, 4.0)]
    fused = convex(dense, lexical, {3: 0.1}, dense_weight=1.0, lexical_weight=0.5)
    mean, deviation = 0.5, math.sqrt(0.32 / 3)
    lexical_mean, lexical_deviation = 20 / 3, math.sqrt(((16 / 3) ** 2 + 2 * (8 / 3) ** 2) / 3)
    expected = {
        1: (0.9 - mean) / deviation + 0.5 * (4 - lexical_mean) / lexical_deviation,
        2: (0.5 - mean) / deviation + 0.5 * (4 - lexical_mean) / lexical_deviation,
        3: (0.1 - mean) / deviation + 0.5 * (12 - lexical_mean) / lexical_deviation,
    }
    assert {one.key: one.score for one in fused} == pytest.approx(expected)
    assert [one.key for one in fused] == sorted(expected, key=lambda key: -expected[key])
    by_key = {one.key: one for one in fused}
    assert (by_key[3].dense, by_key[3].dense_rank, by_key[3].lexical_rank, by_key[3].terms) == (
        0.1, None, 1, ("pump",),
    )  # fmt: skip
    assert (by_key[1].lexical, by_key[1].lexical_rank, by_key[1].dense_rank) == (None, None, 1)


def test_convex_takes_an_unknown_score_for_the_lowest_known_one() -> None:
    dense, lexical = ranking((1, 0.9), (2, 0.1)), ranking((3, 5.0), (2, 1.0))
    guessed, told = plainly(dense, lexical), plainly(dense, lexical, {3: 0.1})
    assert [(one.key, one.score) for one in guessed] == [(one.key, one.score) for one in told]
    by_key = {one.key: one for one in guessed}
    assert (by_key[3].dense, by_key[1].lexical) == (None, None)


RANKINGS = st.dictionaries(
    st.integers(1, 30), st.integers(-500, 5000).map(lambda n: n / 100), max_size=12
).map(
    lambda scores: [
        Scored(key, score) for key, score in sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
)


@given(RANKINGS, RANKINGS)
def test_fusion_keeps_every_chunk_once_and_no_other(dense: list[Scored], lexical: list[Scored]) -> None:
    expected = {one.key for one in dense} | {one.key for one in lexical}
    for fused in (plainly(dense, lexical), reciprocal_rank([dense, lexical])):
        assert [one.key for one in fused] == [
            one.key for one in sorted(fused, key=lambda one: (-one.score, one.key))
        ]
        assert {one.key for one in fused} == expected
        assert len(fused) == len(expected)
        assert all(math.isfinite(one.score) for one in fused)


@given(RANKINGS)
def test_one_ranking_alone_keeps_its_order(ranking: list[Scored]) -> None:
    assert [one.key for one in reciprocal_rank([ranking, []])] == [one.key for one in ranking]
    scores = [one.dense for one in plainly(ranking, [])]
    assert scores == sorted(scores, reverse=True)  # type: ignore[type-var]
