"""BERT written out plainly for export: merged QKV, one additive mask, nothing that an exporter must guess
at.
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional
from transformers import BertModel
from transformers.models.bert.modeling_bert import BertLayer

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
