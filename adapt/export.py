"""From a trained network to a weights folder: ONNX graph, tokenizer, config.json; the encoder's own."""

from __future__ import annotations

import json
import math
import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import nn
from torch.nn import functional
from transformers import BertModel
from transformers.models.bert.modeling_bert import BertLayer

from adapt.network import mean_pool
from adapt.quantise import write_compressed

Value = str | int | float | list[float]
OPSET = 20
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
"""What a graph takes; the encoder needs no token types."""


MASKED = -1e4


class PlainLayer(nn.Module):
    """One transformer layer with the weights of a transformers BertLayer."""

    def __init__(self, layer: BertLayer, heads: int) -> None:
        super().__init__()
        attention = layer.attention
        parts = [getattr(attention.self, name) for name in ("query", "key", "value")]
        self.heads = heads
        self.qkv = _linear(torch.cat([p.weight for p in parts]), torch.cat([p.bias for p in parts]))
        self.out, self.norm = attention.output.dense, attention.output.LayerNorm
        self.wide, self.narrow = layer.intermediate.dense, layer.output.dense
        self.last_norm = layer.output.LayerNorm

    def forward(self, hidden: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        batch, tokens, width = hidden.shape
        split = (
            self.qkv(hidden).reshape(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        )
        query, key, value = split[0], split[1], split[2]
        scores = query @ key.transpose(-1, -2) / math.sqrt(width // self.heads) + bias
        mixed = (torch.softmax(scores, -1) @ value).transpose(1, 2).reshape(batch, tokens, width)
        hidden = self.norm(hidden + self.out(mixed))
        wide = functional.gelu(self.wide(hidden))
        result: torch.Tensor = self.last_norm(hidden + self.narrow(wide))
        return result


def _linear(weight: torch.Tensor, bias: torch.Tensor) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    layer.weight, layer.bias = nn.Parameter(weight.detach().clone()), nn.Parameter(bias.detach().clone())
    return layer


class PlainBert(nn.Module):
    """The body of a BertModel: ids, mask and types [B,T] to hidden states [B,T,H]."""

    def __init__(self, body: BertModel) -> None:
        super().__init__()
        embeddings = body.embeddings
        self.words, self.places = embeddings.word_embeddings, embeddings.position_embeddings
        self.types, self.norm = embeddings.token_type_embeddings, embeddings.LayerNorm
        heads = int(body.config.num_attention_heads)
        self.layers = nn.ModuleList(PlainLayer(layer, heads) for layer in body.encoder.layer)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
        places = self.places.weight[: ids.shape[1]].unsqueeze(0)
        hidden = self.norm(self.words(ids) + places + self.types(types))
        bias = (1.0 - mask.to(hidden.dtype))[:, None, None, :] * MASKED
        for layer in self.layers:
            hidden = layer(hidden, bias)
        return torch.as_tensor(hidden)


class EncoderGraph(nn.Module):
    """Body, mean pooling and a projection of the token vectors, as exported."""

    def __init__(self, body: BertModel, projection: torch.Tensor) -> None:
        super().__init__()
        self.body = PlainBert(body)
        self.projection = nn.Parameter(projection, requires_grad=False)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        hidden = self.body(input_ids, attention_mask, torch.zeros_like(input_ids))
        tokens = nn.functional.normalize(hidden @ self.projection, dim=-1)
        return mean_pool(hidden, attention_mask), tokens


def export_onnx(graph: nn.Module, inputs: Sequence[str], outputs: Sequence[str], path: Path) -> None:
    """Export with free `batch` and `tokens` axes."""
    example = torch.tensor([[101, 2054, 102, 2003, 102], [101, 2339, 102, 102, 0]])
    values = {
        "input_ids": example,
        "attention_mask": (example != 0).long(),
        "token_type_ids": torch.tensor([[0, 0, 0, 1, 0], [0, 0, 0, 1, 0]]),
    }
    axes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("tokens")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            graph.eval(),
            tuple(values[name] for name in inputs),
            str(path),
            dynamo=True,
            dynamic_shapes=tuple(axes for _ in inputs),
            input_names=list(inputs),
            output_names=list(outputs),
            external_data=False,
            opset_version=OPSET,
            verbose=False,
        )


def write_model(
    graph: nn.Module,
    inputs: Sequence[str],
    outputs: Sequence[str],
    backbone: Path,
    folder: Path,
    config: dict[str, Value],
) -> int:
    """Export, compress and write a weights folder; its size in bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / "float.onnx"
        export_onnx(graph, inputs, outputs, path)
        size = write_compressed(path, folder)
    shutil.copyfile(backbone / "tokenizer.json", folder / "tokenizer.json")
    parameters = sum(parameter.numel() for parameter in graph.parameters())
    write_config(folder, {"parameters": parameters, **config})
    return size


def write_config(folder: Path, config: dict[str, Value]) -> None:
    """Write config.json with sorted keys, so that equal settings give equal files."""
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def write_encoder(
    body: BertModel, projection: torch.Tensor, backbone: Path, folder: Path, pooling: int
) -> int:
    """Write the encoder's folder."""
    config: dict[str, Value] = {
        "role": "encoder",
        "max_tokens": 256,
        "dimension": int(body.config.hidden_size),
        "token_dimension": int(projection.shape[1]),
        "pooling": pooling,
    }
    outputs = ("sentence_embedding", "token_embeddings")
    return write_model(EncoderGraph(body, projection), INPUTS[:2], outputs, backbone, folder, config)
