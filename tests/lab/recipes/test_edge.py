"""The recipe of the static encoder on a handful of rows, with the shipped encoder as its teacher."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from lab.recipes.edge.data import load_static_data
from lab.recipes.edge.make import write_static
from lab.recipes.edge.teacher import start_table, token_counts
from lab.recipes.edge.train import StaticFit, train_table
from rag.models.static import StaticEncoder
from tests.models.conftest import weights  # noqa: F401 - a fixture


def _write(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows)


def test_data_hold_each_text_once_and_only_right_pairs(tmp_path: Path) -> None:
    context = "The ferry leaves Oban at seven and carries dogs free of charge on every crossing of the year."
    answers = [{"text": "seven", "start": context.index("seven")}]
    shared = {"source": "qed_nq", "split": "train", "answers": answers}
    rows = [
        {**shared, "title": str(n), "question": question, "context": text}
        for n, (question, text) in enumerate(
            [("When does it leave?", context), ("when does it leave", context + " "), ("When else?", context)]
        )
    ]
    _write(tmp_path / "qa" / "qed_nq.jsonl.gz", rows)
    pair = {"question": "What is a pump?", "passage": "A pump moves water.", "label": 1}
    _write(tmp_path / "pairs" / "wikiqa.jsonl.gz", [pair, {**pair, "passage": "Wrong.", "label": 0}])
    for name in ("medquad", "squad_nqg", "trecqa"):
        _write(tmp_path / "pairs" / f"{name}.jsonl.gz", [])
    for name in ("fever_eraser", "wice_claims", "fm2_claims"):
        _write(tmp_path / "ground" / f"{name}.jsonl.gz", [{"evidence": ["A sentence of evidence. " * 6]}])
    _write(tmp_path / "qa" / "boolq.jsonl.gz", [{"context": "Short."}])
    found = load_static_data(tmp_path, 10, 10, 1)
    assert {pair.passage for pair in found.pairs} <= {context, context + " ", "A pump moves water."}
    assert len(found.pairs) <= 2
    assert "What is a pump?" in {pair.question for pair in found.pairs}
    assert len(found.passages) == 1


def test_rare_tokens_weigh_more() -> None:
    vectors = np.random.default_rng(1).normal(size=(300, 24)).astype(np.float32)
    counts = token_counts([[5] * 1000, [6] * 10, [7]], 300)
    assert (counts[5], counts[6], counts[7], counts.sum()) == (1000, 10, 1, 1011)
    table = start_table(vectors, counts, 8)
    lengths = np.linalg.norm(table, axis=1)
    assert table.shape == (300, 8)
    assert lengths.mean() == pytest.approx(1, rel=1e-5)
    assert lengths[5] < lengths[6] / 20 < lengths[8]


def test_training_brings_questions_to_their_passages_and_nothing_else_moves(
    tmp_path: Path,
    weights: Path,  # noqa: F811
) -> None:
    torch.set_num_threads(1)
    rng = np.random.default_rng(2)
    start = rng.normal(size=(3000, 16)).astype(np.float32)
    questions = [[1000 + n, 1500] for n in range(40)]
    passages = [[2000 + n, 2500, 2501] for n in range(40)]
    fit = StaticFit(steps=60, batch=32, learning_rate=0.1)
    table = train_table(start, questions, passages, fit)
    still = np.ones(3000, bool)
    still[[*range(1000, 1040), 1500, *range(2000, 2040), 2500, 2501]] = False
    np.testing.assert_array_equal(table[still], start[still])
    np.testing.assert_array_equal(table, train_table(start, questions, passages, fit))
    asked, told = (np.stack([table[row].mean(axis=0) for row in rows]) for rows in (questions, passages))
    nearest = (asked / np.linalg.norm(asked, axis=1)[:, None]) @ (
        told / np.linalg.norm(told, axis=1)[:, None]
    ).T
    assert (nearest.argmax(axis=1) == np.arange(40)).mean() > 0.9
    write_static(rng.normal(size=(30522, 16)).astype(np.float32), weights / "encoder", tmp_path / "out")
    encoder = StaticEncoder("mine", tmp_path / "out")
    assert encoder.encode_queries(["hello there"])[0].dense.shape == (16,)
