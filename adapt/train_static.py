"""Trains the static encoder's table: a question's passage against the batch's others, and the teacher's view.

The contrast is that of in-batch negatives (Karpukhin et al. 2020, https://arxiv.org/abs/2004.04906), both
ways; in every other batch the softmaxed similarities of questions to passages and of passages among
themselves also follow the teacher's. Only tokens that occur are moved, the rest keep their distilled rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from rag.models.types import Floats

Ids = Sequence[Sequence[int]]
TEACHER_TEMPERATURE = 0.05
WARMUP = 20


@dataclass(frozen=True)
class StaticFit:
    """How the table is trained; chosen on obliqa dev, fairytaleqa_sections val and scifact train."""

    steps: int = 400
    batch: int = 512
    learning_rate: float = 8e-3
    temperature: float = 0.07
    teacher_weight: float = 0.3
    seed: int = 1


@dataclass(frozen=True)
class PairIds:
    """Token ids of questions and of their passages; the teacher's unit vectors of the first ones."""

    questions: Ids
    passages: Ids
    teacher_questions: Floats
    teacher_passages: Floats


def train_table(start: Floats, pairs: PairIds, fit: StaticFit) -> Floats:
    """The trained table [V, D], from `start`."""
    torch.manual_seed(fit.seed)
    rng = np.random.default_rng(fit.seed)
    table = torch.nn.Parameter(torch.from_numpy(start.copy()))
    optimizer = torch.optim.SparseAdam([table], lr=fit.learning_rate)
    for step in range(fit.steps):
        for group in optimizer.param_groups:
            group["lr"] = fit.learning_rate * min(1.0, (step + 1) / WARMUP) * max(0.02, 1 - step / fit.steps)
        taught = step % 2 == 1 and fit.teacher_weight > 0
        pool = len(pairs.teacher_questions) if taught else len(pairs.questions)
        chosen = rng.choice(pool, min(fit.batch, pool), replace=False)
        loss = batch_loss(table, pairs, chosen.tolist(), fit, taught=taught)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()  # type: ignore[no-untyped-call]
        if step % 50 == 0:
            print(step, round(loss.item(), 4), flush=True)
    return table.detach().numpy()


def batch_loss(
    table: torch.Tensor, pairs: PairIds, chosen: Sequence[int], fit: StaticFit, *, taught: bool
) -> torch.Tensor:
    """The loss of some pairs: each passage is a wrong one for every other question."""
    questions = pooled(table, [pairs.questions[i] for i in chosen])
    passages = pooled(table, [pairs.passages[i] for i in chosen])
    similar = questions @ passages.T
    right = torch.arange(len(chosen))
    scores = similar / fit.temperature
    contrast = functional.cross_entropy(scores, right) + functional.cross_entropy(scores.T, right)
    if not taught:
        return contrast / 2
    asked, told = (torch.from_numpy(v[chosen]) for v in (pairs.teacher_questions, pairs.teacher_passages))
    follow = _divergence(similar, asked @ told.T) + _divergence(passages @ passages.T, told @ told.T)
    return contrast / 2 + fit.teacher_weight * follow


def pooled(table: torch.Tensor, rows: Ids) -> torch.Tensor:
    """Unit means of the rows' token vectors: [len(rows), D]."""
    flat = torch.from_numpy(np.concatenate([np.asarray(row, np.int64) for row in rows]))
    starts = torch.tensor([0, *np.cumsum([len(row) for row in rows[:-1]])])
    return functional.normalize(
        functional.embedding_bag(flat, table, starts, mode="mean", sparse=True), dim=-1
    )


def _divergence(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    ours = functional.log_softmax(student / TEACHER_TEMPERATURE, -1)
    return functional.kl_div(
        ours, functional.softmax(teacher / TEACHER_TEMPERATURE, -1), reduction="batchmean"
    )
