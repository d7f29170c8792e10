from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import ModelError
from rag.models.runtime import (
    Network,
    Row,
    RuntimeOptions,
    graph_file,
    revision,
    token_batches,
)


@given(st.lists(st.integers(1, 300), max_size=60), st.integers(1, 2000))
def test_batches_hold_every_row_once_within_the_budget(lengths: list[int], budget: int) -> None:
    batches = token_batches(lengths, budget)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= budget
    widths = [max(lengths[i] for i in batch) for batch in batches]
    assert widths == sorted(widths, reverse=True)


def test_the_graph_follows_the_precision(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").touch()
    assert graph_file(tmp_path, "int8").name == "model.onnx"
    (tmp_path / "model.int8.onnx").touch()
    assert graph_file(tmp_path, "int8").name == "model.int8.onnx"
    assert graph_file(tmp_path, "float").name == "model.onnx"
    assert RuntimeOptions().precision == "float"  # a text's vector must not depend on its batch


def test_the_revision_follows_the_weights_and_not_the_place(weights: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(weights / "encoder", copy)
    assert revision(copy) == revision(weights / "encoder")
    blob = bytearray((copy / "weights.bin").read_bytes())
    blob[1000] ^= 1
    (copy / "weights.bin").write_bytes(bytes(blob))
    assert revision(copy) != revision(weights / "encoder")


def test_rows_come_back_in_order_and_uncut(weights: Path) -> None:
    network = Network(weights / "encoder", RuntimeOptions(threads=1, precision="float", batch_tokens=64))
    rows = [Row([101, *range(2000, 2000 + n), 102], [0] * (n + 2)) for n in (3, 30, 1, 12)]
    together = network.run(rows)
    for row, (dense, tokens) in zip(rows, together, strict=True):
        alone_dense, alone_tokens = network.run([row])[0]
        assert tokens.shape[0] == len(row.ids)
        np.testing.assert_allclose(dense, alone_dense, atol=2e-5)
        np.testing.assert_allclose(tokens, alone_tokens, atol=2e-5)
    assert network.run([]) == []


def test_broken_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"not a graph")
    (tmp_path / "tokenizer.json").write_text("{}")
    network = Network(tmp_path, RuntimeOptions())
    with pytest.raises(ModelError, match=r"model\.onnx") as graph:
        _ = network.session
    with pytest.raises(ModelError, match=r"tokenizer\.json") as tokens:
        _ = network.tokenizer
    assert graph.value.code == tokens.value.code == "model_invalid"
