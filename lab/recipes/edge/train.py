"""Trains the static encoder's table: a question's passage against the other passages of its batch, and the
passage's question against the other questions (in-batch negatives, Karpukhin et al. 2020,
https://arxiv.org/abs/2004.04906). Only tokens that occur are moved, the rest keep their distilled rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from rag.models.types import Floats

Ids = Sequence[Sequence[int]]
WARMUP = 20


@dataclass(frozen=True)
class StaticFit:
    """How the table is trained; chosen on obliqa dev, fairytaleqa_sections val and scifact train."""

    steps: int = 300
    batch: int = 512
    learning_rate: float = 8e-3
    temperature: float = 0.07
    seed: int = 1


def train_table(start: Floats, questions: Ids, passages: Ids, fit: StaticFit) -> Floats:
    """The trained table [V, D], from `start`; passage n answers question n, no text is empty."""
    rng = np.random.default_rng(fit.seed)
    table = torch.nn.Parameter(torch.from_numpy(start.copy()))
    optimizer = torch.optim.SparseAdam([table], lr=fit.learning_rate)
    for step in range(fit.steps):
        for group in optimizer.param_groups:
            group["lr"] = fit.learning_rate * min(1.0, (step + 1) / WARMUP) * max(0.02, 1 - step / fit.steps)
        chosen = rng.choice(len(questions), min(fit.batch, len(questions)), replace=False).tolist()
        queries, targets = (pooled(table, [rows[i] for i in chosen]) for rows in (questions, passages))
        loss = contrast(queries @ targets.T / fit.temperature)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()  # type: ignore[no-untyped-call]
        if step % 50 == 0:
            print(step, round(loss.item(), 4), flush=True)
    return table.detach().numpy()


def contrast(scores: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of the diagonal of [n,n], along rows and columns."""
    right = torch.arange(len(scores))
    return (functional.cross_entropy(scores, right) + functional.cross_entropy(scores.T, right)) / 2


def pooled(table: torch.Tensor, rows: Ids) -> torch.Tensor:
    """Unit means of the rows' token vectors: [len(rows), D]."""
    flat = torch.from_numpy(np.concatenate([np.asarray(row, np.int64) for row in rows]))
    starts = torch.tensor([0, *np.cumsum([len(row) for row in rows[:-1]])])
    return functional.normalize(
        functional.embedding_bag(flat, table, starts, mode="mean", sparse=True), dim=-1
    )
