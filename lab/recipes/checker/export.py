"""The checker of a checkpoint as a weights folder: its graph and its config.json."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from adapt.export import INPUTS, Value, write_model
from adapt.network import load_backbone
from lab.recipes.checker.net import CheckerNet
from lab.recipes.loop import trained_weights
from lab.recipes.reader.export import PlainBody


class CheckerGraph(nn.Module):
    """A CheckerNet on the plain body."""

    def __init__(self, net: CheckerNet) -> None:
        super().__init__()
        self.net = net
        self.net.body = PlainBody(net.body)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        logits: tuple[torch.Tensor, torch.Tensor] = self.net(input_ids, attention_mask, token_type_ids)
        return logits


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


def build_checker(run: Path, backbone: Path, out: Path) -> int:
    """The checker of a checkpoint."""
    net = CheckerNet(load_backbone(backbone))
    net.load_state_dict(trained_weights(run / "checkpoint.pt"))
    return write_checker(net.eval(), backbone, out, {})
