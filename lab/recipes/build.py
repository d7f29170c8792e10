"""From what training left to a weights folder: `python -m lab.recipes.build ROLE --run DIR --out FOLDER`.

ROLE is encoder (DIR holds projection.npy and, once trained, checkpoint.pt), reader or checker (DIR holds
checkpoint.pt).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import nn
from transformers import BertModel

from adapt.export import INPUTS, PlainBert, Value, write_encoder, write_model
from adapt.network import EncoderNet, backbone_folder, blend, load_backbone
from lab.recipes.checker.net import CheckerNet
from lab.recipes.loop import trained_weights
from lab.recipes.reader.net import ReaderNet, Reads

SHARE = 0.5
"""How far encoder and reader go from where a training began to what it made: of .5, .75 and 1 (and .25, for
the reader) the best on questions kept for choosing (docs/log.md, 2026-11-21 and 2026-11-22).
"""


class _Hidden(nn.Module):
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
        self.net.body = _Hidden(net.body)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> Reads:
        reads: Reads = self.net(input_ids, attention_mask, token_type_ids)
        return reads


class CheckerGraph(nn.Module):
    """A CheckerNet on the plain body."""

    def __init__(self, net: CheckerNet) -> None:
        super().__init__()
        self.net = net
        self.net.body = _Hidden(net.body)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        logits: tuple[torch.Tensor, torch.Tensor] = self.net(input_ids, attention_mask, token_type_ids)
        return logits


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


def write_checker(net: CheckerNet, backbone: Path, folder: Path, config: dict[str, Value]) -> int:
    """Write the checker's folder; `config` holds the fitted head."""
    base: dict[str, Value] = {
        "role": "checker",
        "max_tokens": 512,
        "window_tokens": 160,
        "window_overlap": 48,
        "max_windows": 6,
        "support_threshold": 0.5,
        "mark_threshold": 0.0,
        "support_weights": [1.0] + [0.0] * 8,
        "contradiction_weights": [0.0, 1.0] + [0.0] * 7,
    }
    return write_model(CheckerGraph(net), INPUTS, ("label", "mark"), backbone, folder, {**base, **config})


def build_encoder(run: Path, backbone: Path, out: Path) -> int:
    """The backbone with the fitted projection, half-way to the checkpoint where there is one; token vectors
    pooled in twos.
    """
    net = EncoderNet(load_backbone(backbone), torch.from_numpy(np.load(run / "projection.npy")).float())
    if (run / "checkpoint.pt").exists():
        net.load_state_dict(blend(net.state_dict(), _weights(run), SHARE))
    return write_encoder(net.eval().body, net.projection.detach(), backbone, out, pooling=2)


def build_reader(
    run: Path, backbone: Path, out: Path, layers: int | None = None, start: Path | None = None
) -> int:
    """The reader of a checkpoint, or half-way to it from that of the run `start`; as deep as it was trained
    or cut after the head at `layers`.

    Raises ValueError when there is no head at that depth.
    """
    net = ReaderNet(load_backbone(backbone))
    weights = _weights(run)
    net.load_state_dict(blend(_weights(start), weights, SHARE) if start else weights)
    depth = net.depths[-1] if layers is None else layers
    return write_reader(net.eval().cut(depth), backbone, out, {"layers": depth})


def build_checker(run: Path, backbone: Path, out: Path) -> int:
    """The checker of a checkpoint."""
    net = CheckerNet(load_backbone(backbone))
    net.load_state_dict(_weights(run))
    return write_checker(net.eval(), backbone, out, {})


def _weights(run: Path) -> dict[str, torch.Tensor]:
    return trained_weights(run / "checkpoint.pt")


def main() -> None:
    """Print the size of the folder's graphs and weights in bytes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("role", choices=("encoder", "reader", "checker"))
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--backbone")
    parser.add_argument("--layers", type=int, help="depth of the reader: 2, 3, 4 or 6")
    parser.add_argument("--start", type=Path, help="the run that the reader's began with, to stop half-way")
    args = parser.parse_args()
    backbone = backbone_folder(args.backbone)
    if args.role == "reader":
        print(build_reader(args.run, backbone, args.out, args.layers, args.start))
    else:
        print((build_encoder if args.role == "encoder" else build_checker)(args.run, backbone, args.out))


if __name__ == "__main__":
    main()
