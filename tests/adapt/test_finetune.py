"""Fine-tuning an encoder on a collection: the pairs are learned, and the export is an encoder."""

from __future__ import annotations

from pathlib import Path

import torch

from adapt.encoder import tuned_encoder
from adapt.finetune import TrainingOptions, contrast, tokenized, train
from adapt.gate import plainly_fused
from adapt.network import EncoderNet, load_backbone, load_tokenizer
from adapt.questions import user_questions
from adapt.types import Options
from rag.models.encoder import OnnxEncoder
from rag.models.late import unpack
from rag.service import open_service
from rag.settings import Settings
from tests.adapt.planted import gap
from tests.lab.recipes.conftest import TOWNS, backbone  # noqa: F401 - a fixture

PAIRS = [
    (f"when was {town} founded", f"The charter of {town} dates from {1500 + n}.")
    for n, town in enumerate(TOWNS)
]
QUICK = TrainingOptions(epochs=30, batch=10, rate=1e-3, frozen_layers=0, share=1.0, dimension=16)


def test_pairs_are_learned(backbone: Path) -> None:  # noqa: F811
    rows = tokenized(load_tokenizer(backbone), PAIRS, QUICK)
    net = EncoderNet(load_backbone(backbone), torch.zeros(64, 16)).train(False)
    before = contrast(net, rows).item()
    steps: list[int] = []
    train(net, rows, 0, lambda step, _: steps.append(step), QUICK)
    assert contrast(net, rows).item() < 0.7 * before
    assert steps == list(range(1, 31))


def test_a_worse_encoder_is_exported_and_refused(backbone: Path, tmp_path: Path) -> None:  # noqa: F811
    options = Options(full=True, backbone=backbone)
    with open_service(Settings(data=tmp_path, threads=1)) as service:
        questions, _ = user_questions(service, "gap", gap(service, "gap"), 0)
        questions = questions[:60]
        plain = plainly_fused(service, "gap", [one for one in questions if one.split == "held"])
        verdict, note = tuned_encoder(service, "gap", questions, options, plain, lambda *_: None)
    assert (verdict.piece, verdict.accepted) == ("encoder", False)
    assert verdict.ndcg10 < verdict.ndcg10_before
    folder = tmp_path / "encoders" / "gap-0"
    assert str(folder) in note
    encoder = OnnxEncoder("new", folder)
    assert encoder.info.dimension == 64
    [passage] = encoder.encode_passages([PAIRS[0][1]])
    assert passage.tokens is not None
    assert unpack(passage.tokens).shape[1] == encoder.info.token_dimension
