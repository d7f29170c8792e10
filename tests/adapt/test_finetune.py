"""Fine-tuning an encoder on a collection: the pairs are learned, and the export is an encoder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from adapt.backbone import load_backbone, load_tokenizer
from adapt.collection.finetune import Tuning, contrast, tokenized, train, tune
from adapt.encoder_net import EncoderNet
from rag.models.encoder import OnnxEncoder
from rag.models.late import unpack
from tests.adapt.conftest import TOWNS

PAIRS = [
    (f"when was {town} founded", f"The charter of {town} dates from {1500 + n}.")
    for n, town in enumerate(TOWNS)
]
QUICK = Tuning(epochs=30, batch=10, rate=1e-3, frozen_layers=0, share=1.0, dimension=16)


def test_pairs_are_learned(backbone: Path) -> None:
    rows = tokenized(load_tokenizer(backbone), PAIRS, QUICK)
    net = EncoderNet(load_backbone(backbone), torch.zeros(64, 16)).train(False)
    before = contrast(net, rows).item()
    steps: list[int] = []
    train(net, rows, 0, lambda step, _: steps.append(step), QUICK)
    assert contrast(net, rows).item() < 0.7 * before
    assert steps == list(range(1, 31))


def test_what_is_exported_is_an_encoder(backbone: Path, tmp_path: Path) -> None:
    tune(backbone, PAIRS, tmp_path / "new", 0, lambda *_: None, Tuning(epochs=1, batch=5, dimension=16))
    encoder = OnnxEncoder("new", tmp_path / "new")
    assert (encoder.info.dimension, encoder.info.token_dimension) == (64, 16)
    [passage] = encoder.encode_passages([PAIRS[0][1]])
    assert passage.tokens is not None
    assert unpack(passage.tokens).shape[1] == 16
    np.testing.assert_allclose(np.linalg.norm(passage.dense), 1, atol=1e-3)
