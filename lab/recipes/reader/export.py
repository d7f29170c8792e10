"""The reader of a checkpoint as a weights folder: its graph, its cut to a depth, its config.json."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from transformers import BertModel

from adapt.export import INPUTS, PlainBert, Value, write_model
from adapt.network import blend, load_backbone
from lab.recipes.loop import trained_weights
from lab.recipes.reader.net import ReaderNet, Reads

SHARE = 0.5
"""How far the reader goes from where a training began to what it made: of .25, .5, .75 and 1 the best on
questions kept for choosing (docs/log.md, 2026-11-22).
"""


class PlainBody(nn.Module):
    """Gives a trained head the plain body in the shape of transformers' output."""

    def __init__(self, body: BertModel) -> None:
        super().__init__()
        self.plain = PlainBert(body)
        self.config = body.config

    def forward(
        self, ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> object:
        self.last_hidden_state = self.plain(ids, attention_mask, token_type_ids)
        return self


class ReaderGraph(nn.Module):
    """A ReaderNet on the plain body."""

    def __init__(self, net: ReaderNet) -> None:
        super().__init__()
        self.net = net
        self.net.body = PlainBody(net.body)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> Reads:
        reads: Reads = self.net(input_ids, attention_mask, token_type_ids)
        return reads


def write_reader(net: ReaderNet, backbone: Path, folder: Path, config: dict[str, Value]) -> int:
    """Write the reader's folder; `config` holds what calibration found."""
    base: dict[str, Value] = {
        "role": "reader",
        "max_tokens": 512,
        "window_tokens": 224,
        "window_overlap": 64,
        "max_answer_tokens": 40,
        "answer_weights": [1.0, 0.0, 0.0, 0.0],
        "presence_weights": [1.0, 0.0, 0.0],
    }
    outputs = ("relevance", "start", "end", "evidence")
    return write_model(ReaderGraph(net), INPUTS, outputs, backbone, folder, {**base, **config})


def build_reader(
    run: Path, backbone: Path, out: Path, layers: int | None = None, start: Path | None = None
) -> int:
    """The reader of a checkpoint, or half-way to it from that of the run `start`; as deep as it was trained
    or cut after the head at `layers`.

    Raises ValueError when there is no head at that depth.
    """
    net = ReaderNet(load_backbone(backbone))
    weights = trained_weights(run / "checkpoint.pt")
    net.load_state_dict(blend(trained_weights(start / "checkpoint.pt"), weights, SHARE) if start else weights)
    depth = net.depths[-1] if layers is None else layers
    return write_reader(net.eval().cut(depth), backbone, out, {"layers": depth})
