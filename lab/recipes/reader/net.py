"""The reader's network: one pass over question and passage gives relevance, an answer span and the tokens of
the sentences that carry the evidence, at each of several depths.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn
from transformers import BertModel

MASKED = -1e4
EARLY, EARLY_OF_TWELVE = (2, 3, 4), (4, 8)
"""Layers with a head of their own."""
Reads = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]
"""Relevance [B], and start, end and evidence [B,T], all logits."""


class ReaderHead(nn.Module):
    """Hidden states [B,T,H] to relevance [B], start [B,T], end [B,T] and evidence [B,T] logits.

    Position 0 ([CLS]) stands for "no answer here"; positions of the question and of the padding are masked
    (Devlin et al. 2019, section 4.3).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.span = nn.Linear(width, 2)
        self.evidence = nn.Linear(width, 1)
        self.relevance = nn.Sequential(nn.Linear(2 * width, width), nn.Tanh(), nn.Linear(width, 1))

    def forward(
        self, hidden: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> Reads:
        passage = (token_type_ids * attention_mask).to(hidden.dtype)
        mean = (hidden * passage.unsqueeze(-1)).sum(1) / passage.sum(1, keepdim=True).clamp(min=1)
        relevance = self.relevance(torch.cat([hidden[:, 0], mean], -1)).squeeze(-1)
        allowed = torch.cat([torch.ones_like(passage[:, :1]), passage[:, 1:]], 1)
        logits = self.span(hidden) + (1 - allowed).unsqueeze(-1) * MASKED
        return relevance, logits[..., 0], logits[..., 1], self.evidence(hidden).squeeze(-1)


class ReaderNet(nn.Module):
    """BERT body with a head after some layers and the last: one training gives readers of every depth.

    Deep supervision after Lee et al. 2015 (https://arxiv.org/abs/1409.5185); `forward` is the deepest head's.
    """

    def __init__(self, body: BertModel) -> None:
        super().__init__()
        self.body = body
        width, depth = int(body.config.hidden_size), int(body.config.num_hidden_layers)
        early = EARLY_OF_TWELVE if depth == 12 else EARLY
        self.depths = (*(layer for layer in early if layer < depth), depth)
        self.heads = nn.ModuleDict({str(layer): ReaderHead(width) for layer in self.depths})

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> Reads:
        found = self.body(input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
        reads: Reads = self.heads[str(self.depths[-1])](
            found.last_hidden_state, attention_mask, token_type_ids
        )
        return reads

    def exits(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> list[Reads]:
        """What each head says, the shallowest first; for training."""
        hidden = self.body(
            input_ids,
            attention_mask=attention_mask,
            token_type_ids=token_type_ids,
            output_hidden_states=True,
        ).hidden_states
        return [self.heads[str(d)](hidden[d], attention_mask, token_type_ids) for d in self.depths]

    def cut(self, depth: int) -> ReaderNet:
        """This network up to the head after layer `depth`, for export; it takes the layers over from here.

        Raises ValueError when there is no head at that depth.
        """
        if depth not in self.depths:
            raise ValueError(f"no head after layer {depth}; there are {self.depths}")
        self.body.encoder.layer = self.body.encoder.layer[:depth]
        self.depths = (depth,)
        self.heads = nn.ModuleDict({str(depth): self.heads[str(depth)]})
        return self

    def start_from(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Take the weights of a checkpoint. One of before the early heads gives each head its only one's, one
        of before evidence leaves that to be learned.
        """
        old = {k: v for k, v in weights.items() if k.startswith(("span.", "relevance."))}
        copies = {f"heads.{depth}.{k}": v for depth in self.depths for k, v in old.items()}
        fresh = {k: v for k, v in self.state_dict().items() if ".evidence." in k}
        self.load_state_dict({**fresh, **{k: v for k, v in weights.items() if k not in old}, **copies})
