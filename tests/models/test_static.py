"""The static encoder: a look-up table that is an encoder like any other."""

from __future__ import annotations

import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from rag.errors import ModelError
from rag.models.registry import load_encoder
from rag.models.static import StaticEncoder, quantised, read_table, write_table
from rag.settings import Settings

TEXTS = [
    "The pump is rated for 16 bar.",
    "Paris is the capital of France.",
    "Leave may be carried over. " * 60,
    "x",
    "",
    "日本 😀",
]


@pytest.fixture(scope="session")
def edge(weights: Path) -> StaticEncoder:
    return StaticEncoder("footnote-edge", weights / "edge")


def test_golden_vectors(weights: Path, edge: StaticEncoder) -> None:
    golden = json.loads((weights / "edge" / "golden.json").read_text())
    for text, dense in zip(golden["texts"], golden["dense"], strict=True):
        assert float(edge.encode_queries([text])[0].dense @ np.array(dense, np.float32)) > 0.9999


def test_vectors_are_of_length_one_and_none_is_missing(edge: StaticEncoder) -> None:
    found = edge.encode_passages(TEXTS * 20)
    assert len(found) == len(TEXTS) * 20
    for passage, query in zip(found, edge.encode_queries(TEXTS * 20), strict=True):
        assert passage.dense.shape == (edge.info.dimension,) == (256,)
        assert float(np.linalg.norm(passage.dense)) == pytest.approx(1, abs=1e-4)
        assert float(passage.dense @ query.dense) == pytest.approx(1, abs=1e-4)
        assert (passage.tokens, query.tokens) == (None, None)
    assert edge.encode_passages([]) == []


def test_a_text_has_the_same_vector_in_any_batch(edge: StaticEncoder) -> None:
    alone = [edge.encode_passages([text])[0].dense for text in TEXTS]
    together = edge.encode_passages(TEXTS * 30)[-len(TEXTS) :]
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(one, other.dense, atol=1e-6)


def test_it_is_the_mean_of_its_tokens(edge: StaticEncoder, weights: Path) -> None:
    table = read_table(weights / "edge", 30522, 256)
    rows = table.values.astype(np.float32) * table.scales.astype(np.float32)[:, None]
    tokenizer, _ = edge._model()
    ids = tokenizer.encode("The pump is rated for 16 bar.", add_special_tokens=False).ids
    mean = rows[ids].mean(axis=0)
    np.testing.assert_allclose(
        edge.encode_queries(["The pump is rated for 16 bar."])[0].dense,
        mean / np.linalg.norm(mean),
        atol=1e-5,
    )


def test_meaning_beats_wording(edge: StaticEncoder) -> None:
    (query,) = edge.encode_queries(["How do I repair my car?"])
    near, far = edge.encode_passages(["Fixing an automobile engine yourself.", "How do I cook my rice?"])
    assert query.dense @ near.dense > query.dense @ far.dense


def test_spans_are_offsets_into_the_text(edge: StaticEncoder) -> None:
    text = "Überdruck: 16,5 bar — naïve 東京 😀 ok"
    spans = edge.token_spans(text)
    assert "".join(text[a:b] for a, b in spans).replace(" ", "") == text.replace(" ", "")
    assert edge.query_spans(text) == edge.passage_spans(text) == []


def test_threads_share_it(edge: StaticEncoder) -> None:
    expected = [one.dense for one in edge.encode_queries(TEXTS)]
    gate = threading.Barrier(4)

    def work(_: int) -> float:
        gate.wait()
        found = [one.dense for one in edge.encode_queries(TEXTS)]
        return min(float(a @ b) for a, b in zip(found, expected, strict=True))

    with ThreadPoolExecutor(4) as pool:
        assert min(pool.map(work, range(4))) > 0.9999


def test_the_registry_knows_it_by_name_and_by_folder(weights: Path, tmp_path: Path) -> None:
    settings = Settings(weights=weights, threads=1)
    shipped = load_encoder("footnote-edge", settings)
    assert isinstance(shipped, StaticEncoder)
    assert shipped.info.parameters == 30522 * 256
    copy = tmp_path / "mine"
    shutil.copytree(weights / "edge", copy)
    other = load_encoder(str(copy), settings)
    assert (other.info.name, other.info.revision) == (str(copy), shipped.info.revision)


def test_a_damaged_table_is_refused(weights: Path, tmp_path: Path) -> None:
    copy = tmp_path / "edge"
    shutil.copytree(weights / "edge", copy)
    (copy / "weights.bin").write_bytes((copy / "weights.bin").read_bytes()[:-1])
    with pytest.raises(ModelError) as caught:
        StaticEncoder("e", copy).encode_queries(["x"])
    assert caught.value.code == "model_invalid"
    (copy / "weights.bin").unlink()
    with pytest.raises(ModelError) as caught:
        StaticEncoder("e", copy).encode_queries(["x"])
    assert caught.value.code == "model_invalid"


def test_a_table_comes_back_nearly_the_same(tmp_path: Path) -> None:
    rows = np.random.default_rng(1).normal(size=(50, 16)).astype(np.float32)
    rows[3] = 0
    write_table(quantised(rows), tmp_path)
    table = read_table(tmp_path, 50, 16)
    restored = table.values.astype(np.float32) * table.scales.astype(np.float32)[:, None]
    assert np.abs(restored - rows).max() < 0.02 * np.abs(rows).max()
    sums = table.sums([[1, 2], [5], [7, 9, 7], [4] * 100 + [6]])
    np.testing.assert_allclose(sums[0], restored[1] + restored[2], atol=1e-5)
    np.testing.assert_allclose(sums[2], 2 * restored[7] + restored[9], atol=1e-5)
    np.testing.assert_allclose(sums[3], 8 * restored[4] + restored[6], atol=1e-5)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("footnote-encoder", "float")),
        ({"profile": "edge"}, ("footnote-edge", "int8")),
        ({"profile": "edge", "encoder": "mine"}, ("mine", "int8")),
        ({"profile": "edge", "precision": "float"}, ("footnote-edge", "float")),
    ],
)
def test_the_profile_sets_what_is_not_set(given: dict[str, str], expected: tuple[str, str]) -> None:
    settings = Settings.model_validate(given)
    assert (settings.encoder, settings.precision) == expected
