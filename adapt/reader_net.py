"""The reader's network: one pass over question and passage gives relevance and an answer span."""

from __future__ import annotations

import torch
from torch import nn
from transformers import BertModel

MASKED = -1e4


class ReaderNet(nn.Module):
    """BERT body with a span head and a relevance head.

    Returns relevance [B], start [B,T] and end [B,T] logits. Position 0 ([CLS]) stands for "no answer here";
    positions of the question and of the padding are masked (Devlin et al. 2019, section 4.3).
    """

    def __init__(self, body: BertModel) -> None:
        super().__init__()
        self.body = body
        width = int(body.config.hidden_size)
        self.span = nn.Linear(width, 2)
        self.relevance = nn.Sequential(nn.Linear(2 * width, width), nn.Tanh(), nn.Linear(width, 1))

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        hidden = self.body(
            input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        passage = (token_type_ids * attention_mask).to(hidden.dtype)
        mean = (hidden * passage.unsqueeze(-1)).sum(1) / passage.sum(1, keepdim=True).clamp(min=1)
        relevance = self.relevance(torch.cat([hidden[:, 0], mean], -1)).squeeze(-1)
        allowed = torch.cat([torch.ones_like(passage[:, :1]), passage[:, 1:]], 1)
        logits = self.span(hidden) + (1 - allowed).unsqueeze(-1) * MASKED
        return relevance, logits[..., 0], logits[..., 1]
