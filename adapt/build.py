"""From what training left to a weights folder: `python -m adapt.build ROLE --run DIR --out FOLDER`.

ROLE is encoder (DIR holds projection.npy), reader or checker (DIR holds checkpoint.pt).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from adapt.backbone import backbone_folder, load_backbone
from adapt.checker_net import CheckerNet
from adapt.export import write_checker, write_encoder, write_reader
from adapt.reader_net import ReaderNet


def build_encoder(run: Path, backbone: Path, out: Path) -> int:
    """The backbone with the fitted projection; token vectors pooled in twos."""
    projection = torch.from_numpy(np.load(run / "projection.npy")).float()
    return write_encoder(load_backbone(backbone), projection, backbone, out, pooling=2)


def build_reader(run: Path, backbone: Path, out: Path) -> int:
    """The reader of a checkpoint."""
    net = ReaderNet(load_backbone(backbone))
    net.load_state_dict(torch.load(run / "checkpoint.pt", weights_only=True)["net"])
    return write_reader(net.eval(), backbone, out, {})


def build_checker(run: Path, backbone: Path, out: Path) -> int:
    """The checker of a checkpoint."""
    net = CheckerNet(load_backbone(backbone))
    net.load_state_dict(torch.load(run / "checkpoint.pt", weights_only=True)["net"])
    return write_checker(net.eval(), backbone, out, {})


BUILDERS = {"encoder": build_encoder, "reader": build_reader, "checker": build_checker}


def main() -> None:
    """Print the size of the folder's graphs and weights in bytes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("role", choices=sorted(BUILDERS))
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--backbone")
    args = parser.parse_args()
    print(BUILDERS[args.role](args.run, backbone_folder(args.backbone), args.out))


if __name__ == "__main__":
    main()
