"""Takes the reader's weights back from an exported folder, so that training can go on from what is shipped.

`python -m lab.recipes.reader.resume --reader FOLDER --out FILE`
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from adapt.network import backbone_folder, load_backbone
from lab.recipes.reader.net import ReaderNet

Weights = dict[str, torch.Tensor]
MATRICES = ("qkv", "out", "wide", "narrow")
"""A layer's multiplications, in the order of the graph."""
PLACES = {
    "out": "attention.output.dense",
    "norm": "attention.output.LayerNorm",
    "wide": "intermediate.dense",
    "narrow": "output.dense",
    "last_norm": "output.LayerNorm",
}
EMBEDDINGS = {
    "words.weight": "word_embeddings.weight",
    "places.weight": "position_embeddings.weight",
    "types.weight": "token_type_embeddings.weight",
    "norm.weight": "LayerNorm.weight",
    "norm.bias": "LayerNorm.bias",
}


def load_reader(folder: Path, backbone: Path) -> ReaderNet:
    """The network of an exported reader, its int8 weights widened; the early heads begin as the deepest one.

    Raises ValueError when the folder holds another network than a reader on this backbone.
    """
    net = ReaderNet(load_backbone(backbone))
    found, matrices = _tensors(folder / "model.onnx")
    depth = net.depths[-1]
    if len(matrices) != len(MATRICES) * depth + 2:
        raise ValueError(f"{folder} has {len(matrices)} matrices, no reader of {depth} layers")
    body = _body(found, matrices, depth)
    head = _head(found, matrices[-2:], f"net.heads.{depth}.")
    heads = {f"heads.{d}.{k}": v for d in net.depths for k, v in head.items()}
    net.load_state_dict({**{f"body.{k}": v for k, v in body.items()}, **heads}, strict=False)
    missing = net.state_dict().keys() - {f"body.{k}" for k in body} - heads.keys()
    if any("pooler" not in name for name in missing):
        raise ValueError(f"{folder} lacks {sorted(missing)}")
    return net


def _tensors(path: Path) -> tuple[Weights, list[torch.Tensor]]:
    """The named tensors, and the matrices of the multiplications in order, each as a Linear has it."""
    model = onnx.load(str(path))
    stored = {t.name: np.asarray(numpy_helper.to_array(t)) for t in model.graph.initializer}
    found = {
        name.removesuffix("_q"): torch.from_numpy(_wide(stored, name)).float()
        for name in stored
        if name.startswith("net.") and not name.endswith("_s")
    }
    names = [node.input[1] for node in model.graph.node if node.op_type == "MatMul"]
    keys = [f"{n.removesuffix('_w')}_q" if f"{n.removesuffix('_w')}_q" in stored else n for n in names]
    return found, [torch.from_numpy(_wide(stored, key).T.copy()).float() for key in keys if key in stored]


def _wide(
    stored: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]], name: str
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    scale = stored.get(f"{name.removesuffix('_q')}_s") if name.endswith("_q") else None
    value = stored[name].astype(np.float32)
    return value if scale is None else value * scale.astype(np.float32)


def _body(found: Weights, matrices: list[torch.Tensor], depth: int) -> Weights:
    body = {f"embeddings.{new}": found[f"net.body.plain.{old}"] for old, new in EMBEDDINGS.items()}
    for layer in range(depth):
        old, new = f"net.body.plain.layers.{layer}.", f"encoder.layer.{layer}."
        own = dict(zip(MATRICES, matrices[layer * len(MATRICES) :], strict=False))
        parts = zip(
            ("query", "key", "value"), own["qkv"].chunk(3), found[f"{old}qkv.bias"].chunk(3), strict=True
        )
        for name, weight, bias in parts:
            body[f"{new}attention.self.{name}.weight"], body[f"{new}attention.self.{name}.bias"] = (
                weight,
                bias,
            )
        for name, place in PLACES.items():
            body[f"{new}{place}.weight"] = own[name] if name in own else found[f"{old}{name}.weight"]
            body[f"{new}{place}.bias"] = found[f"{old}{name}.bias"]
    return body


def _head(found: Weights, matrices: list[torch.Tensor], prefix: str) -> Weights:
    named = {k.removeprefix(prefix): v for k, v in found.items() if k.startswith(prefix)}
    span, evidence = matrices
    return {**named, "span.weight": span, "evidence.weight": evidence}


def main() -> None:
    """Write a checkpoint that `lab.recipes.reader.train --start` takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reader", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--backbone")
    args = parser.parse_args()
    net = load_reader(args.reader, backbone_folder(args.backbone))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"net": net.state_dict()}, args.out)


if __name__ == "__main__":
    main()
