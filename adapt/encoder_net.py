"""The encoder's network in training: a dense vector and projected token vectors from one pass."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional
from transformers import BertModel

from adapt.backbone import mean_pool
from adapt.embed import pad
from rag.models.runtime import token_batches


class EncoderNet(nn.Module):
    """BERT body with mean pooling and a projection [width,D] of the token vectors."""

    def __init__(self, body: BertModel, projection: torch.Tensor) -> None:
        super().__init__()
        self.body = body
        self.projection = nn.Parameter(projection.clone())

    def forward(self, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Token ids [B,T] (0 is padding) to unit dense vectors [B,width] and unit token vectors [B,T,D]."""
        mask = (ids != 0).long()
        hidden = self.body(ids, attention_mask=mask).last_hidden_state.float()
        return mean_pool(hidden, mask), functional.normalize(hidden @ self.projection, dim=-1)

    def encode(self, rows: Sequence[Sequence[int]], budget: int) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Dense vectors [N,width] and each row's token vectors; rows of like length share a pass."""
        dense: dict[int, torch.Tensor] = {}
        tokens: dict[int, torch.Tensor] = {}
        for batch in token_batches([len(row) for row in rows], budget):
            vectors, found = self(pad([rows[i] for i in batch]))
            for place, i in enumerate(batch):
                dense[i], tokens[i] = vectors[place], found[place, : len(rows[i])]
        order = range(len(rows))
        return torch.stack([dense[i] for i in order]), [tokens[i] for i in order]


def freeze_lower(net: EncoderNet, layers: int) -> None:
    """Embeddings and the first layers stay as they are: faster, and less is forgotten."""
    for parameter in net.body.embeddings.parameters():
        parameter.requires_grad = False
    for layer in net.body.encoder.layer[:layers]:
        for parameter in layer.parameters():
            parameter.requires_grad = False
