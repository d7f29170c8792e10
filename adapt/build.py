"""From what training left to a weights folder: `python -m adapt.build ROLE --run DIR --out FOLDER`.

ROLE is encoder (DIR holds projection.npy and, once trained, checkpoint.pt), reader or checker (DIR holds
checkpoint.pt).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from adapt.backbone import backbone_folder, load_backbone
from adapt.checker_net import CheckerNet
from adapt.encoder_net import EncoderNet, blend
from adapt.export import write_checker, write_encoder, write_reader
from adapt.reader_net import ReaderNet

SHARE = 0.5
"""How far the encoder goes from the backbone to what training made of it: of .5, .75 and 1 the best on
questions kept for choosing (docs/log.md, 2026-11-21).
"""


def build_encoder(run: Path, backbone: Path, out: Path) -> int:
    """The backbone with the fitted projection, half-way to the checkpoint where there is one; token vectors
    pooled in twos.
    """
    net = EncoderNet(load_backbone(backbone), torch.from_numpy(np.load(run / "projection.npy")).float())
    if (run / "checkpoint.pt").exists():
        tuned = EncoderNet(load_backbone(backbone), net.projection.detach())
        tuned.load_state_dict(torch.load(run / "checkpoint.pt", weights_only=True)["net"])
        net = blend(net, tuned, SHARE)
    return write_encoder(net.eval().body, net.projection.detach(), backbone, out, pooling=2)


def build_reader(run: Path, backbone: Path, out: Path, layers: int | None = None) -> int:
    """The reader of a checkpoint, as deep as it was trained or cut after the head at `layers`.

    Raises ValueError when there is no head at that depth.
    """
    net = ReaderNet(load_backbone(backbone))
    net.load_state_dict(torch.load(run / "checkpoint.pt", weights_only=True)["net"])
    depth = net.depths[-1] if layers is None else layers
    return write_reader(net.eval().cut(depth), backbone, out, {"layers": depth})


def build_checker(run: Path, backbone: Path, out: Path) -> int:
    """The checker of a checkpoint."""
    net = CheckerNet(load_backbone(backbone))
    net.load_state_dict(torch.load(run / "checkpoint.pt", weights_only=True)["net"])
    return write_checker(net.eval(), backbone, out, {})


def build(role: str, run: Path, backbone: Path, out: Path, layers: int | None = None) -> int:
    """Build one role; `layers` is the reader's. The size of the folder in bytes."""
    if role == "reader":
        return build_reader(run, backbone, out, layers)
    return (build_encoder if role == "encoder" else build_checker)(run, backbone, out)


def main() -> None:
    """Print the size of the folder's graphs and weights in bytes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("role", choices=("encoder", "reader", "checker"))
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--backbone")
    parser.add_argument("--layers", type=int, help="depth of the reader: 2, 3, 4 or 6")
    args = parser.parse_args()
    print(build(args.role, args.run, backbone_folder(args.backbone), args.out, args.layers))


if __name__ == "__main__":
    main()
