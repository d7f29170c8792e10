from __future__ import annotations

import time

import numpy as np
import pytest

from rag.errors import ModelError
from rag.models.late import maxsim, pack, pool, unit, unpack
from rag.models.types import Floats


def vectors(rows: int, dimension: int, seed: int) -> Floats:
    return unit(np.random.default_rng(seed).normal(size=(rows, dimension)).astype(np.float32))


@pytest.mark.parametrize(("rows", "dimension"), [(1, 96), (7, 128), (300, 64)])
def test_packed_vectors_come_back_nearly_the_same(rows: int, dimension: int) -> None:
    original = vectors(rows, dimension, rows)
    restored = unpack(pack(original))
    assert restored.shape == original.shape
    assert (original * restored).sum(axis=1).min() > 0.997
    assert len(pack(original)) == 8 + rows * (dimension + 2)


def test_no_rows_pack_too() -> None:
    assert unpack(pack(np.zeros((0, 96), np.float32))).shape == (0, 96)


def test_a_zero_row_stays_finite() -> None:
    assert np.isfinite(unpack(pack(np.zeros((2, 8), np.float32)))).all()


def test_pooling_averages_neighbours_and_keeps_length_one() -> None:
    rows = vectors(5, 16, 1)
    pooled = pool(rows, 2)
    assert pooled.shape == (3, 16)
    np.testing.assert_allclose(pooled[0], unit(rows[0] + rows[1]), atol=1e-6)
    np.testing.assert_allclose(pooled[2], rows[4], atol=1e-6)
    assert pool(rows, 1) is rows


def test_maxsim_equals_the_plain_loops() -> None:
    query = vectors(6, 32, 2)
    passages = [vectors(rows, 32, rows) for rows in (3, 1, 40, 17)]
    packed = [pack(p) for p in passages]
    expected = [np.mean([max(q @ p for p in unpack(blob)) for q in query]) for blob in packed]
    np.testing.assert_allclose(maxsim(query, packed), expected, rtol=1e-4)


def test_an_empty_passage_scores_zero_and_moves_nothing() -> None:
    query, full, empty = vectors(4, 32, 3), pack(vectors(9, 32, 4)), pack(np.zeros((0, 32), np.float32))
    scores = maxsim(query, [empty, full, empty])
    assert scores[0] == scores[2] == 0
    assert scores[1] == maxsim(query, [full])[0]
    assert maxsim(query, []).shape == (0,)


def test_other_dimensions_are_refused() -> None:
    with pytest.raises(ModelError) as caught:
        maxsim(vectors(2, 32, 5), [pack(vectors(2, 64, 6))])
    assert caught.value.code == "model_invalid"


@pytest.mark.parametrize(
    "blob", [b"", b"LI", b"XX" + bytes(10), pack(vectors(2, 8, 7))[:-1], pack(vectors(2, 8, 8)) + b"\0"]
)
def test_damaged_blobs_are_refused(blob: bytes) -> None:
    with pytest.raises(ModelError) as caught:
        unpack(blob)
    assert caught.value.code == "model_invalid"


def test_a_hundred_passages_take_milliseconds() -> None:
    query, blobs = vectors(12, 128, 9), [pack(vectors(100, 128, i)) for i in range(100)]
    times = []
    for _ in range(7):
        start = time.process_time()
        maxsim(query, blobs)
        times.append(time.process_time() - start)
    assert min(times) < 0.05
