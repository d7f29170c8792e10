"""The encoder of a checkpoint as a weights folder: its graph with the fitted projection."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from adapt.export import write_encoder
from adapt.network import EncoderNet, blend, load_backbone
from lab.recipes.loop import trained_weights

SHARE = 0.5
"""How far the encoder goes from where a training began to what it made: of .5, .75 and 1 the best on
questions kept for choosing (docs/log.md, 2026-11-21).
"""


def build_encoder(run: Path, backbone: Path, out: Path) -> int:
    """The backbone with the fitted projection, half-way to the checkpoint where there is one; token vectors
    pooled in twos.
    """
    net = EncoderNet(load_backbone(backbone), torch.from_numpy(np.load(run / "projection.npy")).float())
    if (run / "checkpoint.pt").exists():
        net.load_state_dict(blend(net.state_dict(), trained_weights(run / "checkpoint.pt"), SHARE))
    return write_encoder(net.eval().body, net.projection.detach(), backbone, out, pooling=2)
