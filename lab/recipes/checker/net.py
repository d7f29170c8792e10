"""The checker's network: one pass over claim and evidence gives three labels and marks on the claim's
tokens.
"""

from __future__ import annotations

import torch
from torch import nn
from transformers import BertModel

LABELS = ("supported", "contradicted", "unsupported")


class CheckerNet(nn.Module):
    """BERT body with a label head [B,3] (order of LABELS) and a mark head [B,T] (of "not supported")."""

    def __init__(self, body: BertModel) -> None:
        super().__init__()
        self.body = body
        width = int(body.config.hidden_size)
        self.label = nn.Sequential(nn.Linear(3 * width, width), nn.GELU(), nn.Linear(width, 3))
        self.mark = nn.Linear(width, 1)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        hidden = self.body(
            input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        evidence = (token_type_ids * attention_mask).to(hidden.dtype)
        claim = attention_mask.to(hidden.dtype) - evidence
        pooled = [hidden[:, 0], _mean(hidden, claim), _mean(hidden, evidence)]
        return self.label(torch.cat(pooled, -1)), self.mark(hidden).squeeze(-1)


def _mean(hidden: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    return (hidden * weights.unsqueeze(-1)).sum(1) / weights.sum(1, keepdim=True).clamp(min=1)
