"""From what training left to a weights folder: `python -m lab.recipes.build ROLE --run DIR --out FOLDER`.

ROLE is encoder (DIR holds projection.npy and, once trained, checkpoint.pt), reader or checker (DIR holds
checkpoint.pt).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from adapt.network import backbone_folder
from lab.recipes.checker.export import build_checker
from lab.recipes.encoder.export import build_encoder
from lab.recipes.reader.export import build_reader


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
