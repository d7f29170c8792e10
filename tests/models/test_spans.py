from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.models.reader import SpanCandidate, answer_features, best_spans, cut_windows, word_edges


@settings(max_examples=60)
@given(st.integers(1, 12), st.integers(1, 6), st.integers(0, 10_000))
def test_the_best_span_is_the_best_of_all(tokens: int, longest: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    start, end = rng.normal(size=(2, tokens)).astype(np.float32)
    words = np.cumsum(rng.integers(0, 2, tokens)).tolist()
    opens, closes = word_edges(words)
    allowed = [
        (start[i] + end[j], i, j)
        for i in range(tokens)
        for j in range(i, min(tokens, i + longest))
        if opens[i] and closes[j]
    ]
    found = best_spans(start, end, 0.5, (opens, closes), longest, 3)
    if not allowed:
        assert found == []
        return
    score, first, last = max(allowed)
    assert (found[0].first, found[0].last) == (first, last)
    assert abs(found[0].margin - (score - 0.5)) < 1e-4
    total = np.log(np.exp([s for s, _, _ in allowed] + [0.5]).sum())
    assert abs(found[0].chance - (score - total)) < 1e-3
    for a, b in itertools.pairwise(found):
        assert a.last < b.first or b.last < a.first
        assert a.margin >= b.margin


@given(st.integers(0, 1000), st.integers(10, 100))
def test_windows_cover_everything_and_overlap(length: int, size: int) -> None:
    overlap = size // 3
    windows = cut_windows(length, size, overlap)
    assert windows[0][0] == 0
    assert windows[-1][1] == length
    assert all(last - first <= size for first, last in windows)
    assert all(after[0] == before[1] - overlap for before, after in itertools.pairwise(windows))


def test_features_set_a_span_against_those_of_other_passages() -> None:
    found = [
        SpanCandidate(0, 0, 1, 4.0, -0.1, 2.0),
        SpanCandidate(0, 5, 6, 1.0, -3.0, 2.0),
        SpanCandidate(1, 0, 1, 2.0, -0.5, 1.5),
    ]
    rows = answer_features(found)
    total = np.log(1 + np.exp([4.0, 1.0, 2.0]).sum())
    assert np.allclose([row[3] for row in rows], [m - total for m in (4.0, 1.0, 2.0)], atol=1e-5)
    assert [round(row[4], 6) for row in rows] == [0.5, 0.5, -0.5]
    assert answer_features(found[:1])[0][4] == 2.0 + 4.0
    assert answer_features([]) == []
