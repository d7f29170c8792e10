"""Compression of an exported graph: int8 weights in one shared file, and two small graphs that read it.

`model.onnx` multiplies in float (the weights are widened once, when the session loads), `model.int8.onnx`
multiplies in int8 with activations scaled on the fly. The first is as fast as float everywhere, the second
pays where the processor has int8 dot products (VNNI); the runtime chooses. Weights are symmetric, one scale
per output column (embeddings: per row).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

SMALL = 100_000
WEIGHTS_FILE = "weights.bin"


@dataclass
class Rewrite:
    """A graph being rewritten: the new nodes and initialisers, and the shared int8 tensors."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    initialisers: list[onnx.TensorProto] = field(default_factory=list)
    scaled: dict[str, tuple[str, str, str]] = field(default_factory=dict)

    def constant(self, name: str, value: npt.NDArray[np.generic]) -> str:
        """Add an initialiser and return its name."""
        self.initialisers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, kind: str, inputs: list[str], outputs: list[str], **attributes: int) -> str:
        """Add a node and return its first output."""
        self.nodes.append(helper.make_node(kind, inputs, outputs, name=f"{kind}_{outputs[0]}", **attributes))
        return outputs[0]


def quantise_rows(
    weights: npt.NDArray[np.float32], axis: int
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Symmetric int8 with one scale for each slice along the other axis: values and scales (keeping
    dimensions).
    """
    scales = np.maximum(np.abs(weights).max(axis=axis, keepdims=True), 1e-8).astype(np.float32) / np.float32(
        127
    )
    return np.rint(weights / scales).astype(np.int8), scales


def float_matmul(rewrite: Rewrite, node: onnx.NodeProto, weights: npt.NDArray[np.float32]) -> None:
    """x @ (int8 -> float * scale); constant folding widens the weights once at load."""
    values, scales = quantise_rows(weights, axis=0)
    name = node.input[1]
    stored = rewrite.constant(f"{name}_q", values)
    cast = rewrite.node("Cast", [stored], [f"{name}_f"], to=TensorProto.FLOAT)
    wide = rewrite.node("Mul", [cast, rewrite.constant(f"{name}_s", scales)], [f"{name}_w"])
    rewrite.node("MatMul", [node.input[0], wide], [node.output[0]])


def int8_matmul(rewrite: Rewrite, node: onnx.NodeProto, weights: npt.NDArray[np.float32]) -> None:
    """Quantise x on the fly, multiply as integers, scale back: the pattern that ONNX Runtime fuses into one
    kernel.
    """
    values, scales = quantise_rows(weights, axis=0)
    name, x, out = node.input[1], node.input[0], node.output[0]
    stored = rewrite.constant(f"{name}_q", values)
    if x not in rewrite.scaled:
        outputs = (f"{x}_q", f"{x}_s", f"{x}_z")
        rewrite.node("DynamicQuantizeLinear", [x], list(outputs))
        rewrite.scaled[x] = outputs
    quantised, scale, zero = rewrite.scaled[x]
    zeros = rewrite.constant(f"{name}_z", np.zeros(values.shape[1], np.int8))
    whole = rewrite.node("MatMulInteger", [quantised, stored, zero, zeros], [f"{out}_i"])
    wide = rewrite.node("Cast", [whole], [f"{out}_f"], to=TensorProto.FLOAT)
    both = rewrite.node("Mul", [scale, rewrite.constant(f"{name}_s", scales[0])], [f"{out}_ss"])
    rewrite.node("Mul", [wide, both], [out])


def int8_gather(rewrite: Rewrite, node: onnx.NodeProto, weights: npt.NDArray[np.float32]) -> None:
    """Look up int8 rows and widen only those."""
    values, scales = quantise_rows(weights, axis=1)
    name, index, out = node.input[0], node.input[1], node.output[0]
    rows = rewrite.node("Gather", [rewrite.constant(f"{name}_q", values), index], [f"{out}_q"])
    scale = rewrite.node("Gather", [rewrite.constant(f"{name}_s", scales), index], [f"{out}_s"])
    wide = rewrite.node("Cast", [rows], [f"{out}_f"], to=TensorProto.FLOAT)
    rewrite.node("Mul", [wide, scale], [out])


def rewrite_graph(
    model: onnx.ModelProto, integers: bool, keep: frozenset[str] = frozenset()
) -> onnx.ModelProto:
    """The model with its large constant matrices in int8; matrices named in `keep` stay in float."""
    weights = {t.name: t for t in model.graph.initializer}
    large = {
        n for n, t in weights.items() if len(t.dims) == 2 and int(np.prod(t.dims)) >= SMALL and n not in keep
    }
    rewrite, matmul = Rewrite(), int8_matmul if integers else float_matmul
    for node in model.graph.node:
        if node.op_type == "MatMul" and node.input[1] in large:
            matmul(rewrite, node, np.asarray(numpy_helper.to_array(weights[node.input[1]]), np.float32))
        elif node.op_type == "Gather" and node.input[0] in large:
            int8_gather(rewrite, node, np.asarray(numpy_helper.to_array(weights[node.input[0]]), np.float32))
        else:
            rewrite.nodes.append(node)
    used = {name for node in rewrite.nodes for name in node.input}
    kept = [t for t in model.graph.initializer if t.name in used]
    forget_origin([*rewrite.nodes, *kept, *model.graph.input, *model.graph.output])
    graph = helper.make_graph(
        rewrite.nodes,
        "footnote",
        list(model.graph.input),
        list(model.graph.output),
        [*kept, *rewrite.initialisers],
    )
    return helper.make_model(graph, opset_imports=list(model.opset_import), ir_version=10)


def forget_origin(items: Sequence[onnx.NodeProto | onnx.TensorProto | onnx.ValueInfoProto]) -> None:
    """Drop the exporter's notes (source files, stack traces), so that equal networks give equal files."""
    for item in items:
        item.ClearField("metadata_props")
        item.ClearField("doc_string")


def share_weights(model: onnx.ModelProto, stored: dict[bytes, tuple[int, int]], blob: bytearray) -> None:
    """Move large initialisers into `blob` (each different tensor once) and point the model at them."""
    for tensor in model.graph.initializer:
        raw = tensor.raw_data or numpy_helper.to_array(tensor).tobytes()
        if len(raw) < 1024:
            continue
        if raw not in stored:
            blob.extend(b"\0" * (-len(blob) % 64))
            stored[raw] = (len(blob), len(raw))
            blob.extend(raw)
        offset, length = stored[raw]
        onnx.external_data_helper.set_external_data(tensor, WEIGHTS_FILE, offset, length)
        tensor.ClearField("raw_data")
        tensor.ClearField("float_data")


def write_compressed(source: Path, folder: Path, keep: frozenset[str] = frozenset()) -> int:
    """Write model.onnx, model.int8.onnx and weights.bin into `folder`; the size of all three in bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    stored: dict[bytes, tuple[int, int]] = {}
    blob = bytearray()
    for name, integers in (("model.onnx", False), ("model.int8.onnx", True)):
        model = rewrite_graph(onnx.load(str(source)), integers, keep)
        share_weights(model, stored, blob)
        (folder / name).write_bytes(model.SerializeToString())
    (folder / WEIGHTS_FILE).write_bytes(bytes(blob))
    return sum((folder / n).stat().st_size for n in ("model.onnx", "model.int8.onnx", WEIGHTS_FILE))
