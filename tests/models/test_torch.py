"""Any sentence-transformers model: tried on tiny ones that the test makes itself."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from rag.errors import ModelError
from rag.models.registry import load_encoder, load_reader
from rag.settings import Settings

pytest.importorskip("sentence_transformers", reason="needs the extra train")


def tiny_bert(folder: Path, weights: Path, labels: int | None) -> Path:
    from transformers import BertConfig, BertForSequenceClassification, BertModel, BertTokenizerFast

    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    if labels is None:
        BertModel(BertConfig(**sizes)).save_pretrained(folder)
    else:
        BertForSequenceClassification(BertConfig(**sizes, num_labels=labels)).save_pretrained(folder)
    shutil.copyfile(weights / "encoder" / "tokenizer.json", folder / "tokenizer.json")
    BertTokenizerFast(tokenizer_file=str(folder / "tokenizer.json")).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def encoder_folder(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    body = Transformer(str(tiny_bert(tmp_path_factory.mktemp("body"), weights, None)), max_seq_length=64)
    folder = tmp_path_factory.mktemp("encoder") / "tiny"
    SentenceTransformer(modules=[body, Pooling(32)], device="cpu").save(str(folder))
    return folder


def test_an_encoder_by_folder(encoder_folder: Path) -> None:
    encoder = load_encoder(str(encoder_folder), Settings())
    queries, passages = encoder.encode_queries(["one two", "three"]), encoder.encode_passages(["one two"])
    assert queries[0].dense.shape == (32,)
    assert encoder.info.dimension == 32
    assert encoder.info.role == "encoder"
    np.testing.assert_allclose(np.linalg.norm(queries[1].dense), 1, rtol=1e-4)
    np.testing.assert_allclose(queries[0].dense, passages[0].dense, atol=1e-5)
    assert passages[0].tokens is None
    assert encoder.token_spans("one two") == [(0, 3), (4, 7)]


def test_the_revision_is_that_of_the_weights(encoder_folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(encoder_folder, copy)
    first, second = (load_encoder(str(f), Settings()).info for f in (encoder_folder, copy))
    assert first.revision == second.revision


def test_a_cross_encoder_ranks_and_never_answers(weights: Path, tmp_path: Path) -> None:
    reader = load_reader(str(tiny_bert(tmp_path, weights, 1)), Settings())
    relevance = reader.relevance("who?", ["Ann did it.", "Nobody did."])
    assert relevance.shape == (2,)
    result = reader.read("who?", ["Ann did it.", "Nobody did."])
    assert (result.readings, result.no_answer_probability) == ((), 1.0)
    assert result.relevance == pytest.approx(relevance.tolist(), abs=1e-5)
    assert reader.relevance("who?", []).shape == (0,)


def test_a_name_that_leads_nowhere(tmp_path: Path) -> None:
    assert os.environ.get("HF_HUB_OFFLINE") == "1"
    with pytest.raises(ModelError) as caught:
        load_encoder(str(tmp_path / "missing"), Settings())
    assert caught.value.code == "model_not_found"
