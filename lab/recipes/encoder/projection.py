"""Fits the encoder's token projection: full-width MaxSim is the teacher of the small, pooled one.

`python -m lab.recipes.encoder.projection --data DIR --negatives FILE --out DIR`

The backbone stays as it is; only a matrix [width, D] is trained, from a PCA start, on the reader's training
questions with their own passages and hard negatives. The loss is the KL divergence from the teacher's ranking
of a batch's passages plus the contrastive loss of the right one (as in ColBERTv2, Santhanam et al. 2022).
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from adapt.network import backbone_folder, load_backbone, load_tokenizer, principal, token_vectors
from lab.recipes.reader.batches import load_negatives
from lab.recipes.reader.data import split_qa

TEMPERATURE = 40.0


@dataclass(frozen=True)
class Fit:
    """How the projection is fitted; `label_weight` is the contrastive term's share."""

    dimension: int = 128
    pooling: int = 2
    steps: int = 150
    batch: int = 24
    learning_rate: float = 2e-3
    label_weight: float = 0.3
    seed: int = 1


@dataclass(frozen=True)
class Lists:
    """Token vectors (half precision) of texts, and for each question its own vectors and its passages,
    right one first.
    """

    questions: list[torch.Tensor]
    passages: list[torch.Tensor]
    lists: list[list[int]]


def pooled(passage: torch.Tensor, factor: int) -> torch.Tensor:
    """Unit means of neighbouring rows, as the runtime pools them."""
    extra = -len(passage) % factor
    rows = (
        torch.cat([passage, passage.new_zeros(extra, passage.shape[1])])
        .view(-1, factor, passage.shape[1])
        .sum(1)
    )
    return functional.normalize(rows, dim=-1)


def maxsim(questions: Sequence[torch.Tensor], passages: Sequence[torch.Tensor]) -> torch.Tensor:
    """Mean over question tokens of the best passage token: [questions, passages]."""
    mask = pad_sequence([torch.ones(len(p), dtype=torch.bool) for p in passages], batch_first=True)
    columns = pad_sequence(list(passages), batch_first=True)
    rows = torch.cat(list(questions))
    similarity = torch.einsum("qd,ptd->qpt", rows, columns).masked_fill(~mask, -1.0).amax(-1)
    owner = torch.repeat_interleave(torch.arange(len(questions)), torch.tensor([len(q) for q in questions]))
    sums = torch.zeros(len(questions), len(passages)).index_add(0, owner, similarity)
    return sums / torch.bincount(owner).unsqueeze(1)


def batches(lists: Lists, size: int, rng: random.Random) -> Iterator[list[int]]:
    """Endless batches of question indices."""
    order = list(range(len(lists.questions)))
    while True:
        rng.shuffle(order)
        for start in range(0, len(order) - size + 1, size):
            yield order[start : start + size]


def step_loss(lists: Lists, chosen: Sequence[int], matrix: torch.Tensor, fit: Fit) -> torch.Tensor:
    """The loss of one batch: every passage of the batch is a candidate of every question."""
    places = [p for q in chosen for p in lists.lists[q]]
    right = torch.tensor([sum(len(lists.lists[c]) for c in chosen[:i]) for i in range(len(chosen))])
    questions = [lists.questions[q].float() for q in chosen]
    passages = [lists.passages[p][1:-1].float() for p in places]
    with torch.no_grad():
        teacher = functional.softmax(maxsim(questions, passages) * TEMPERATURE, -1)
    small = [functional.normalize(q @ matrix, dim=-1) for q in questions]
    packed = [pooled(functional.normalize(p @ matrix, dim=-1), fit.pooling) for p in passages]
    student = functional.log_softmax(maxsim(small, packed) * TEMPERATURE, -1)
    return functional.kl_div(
        student, teacher, reduction="batchmean"
    ) + fit.label_weight * functional.nll_loss(student, right)


def fit_projection(lists: Lists, fit: Fit) -> torch.Tensor:
    """The fitted projection [width,D]."""
    rng = random.Random(fit.seed)
    matrix = principal(lists.passages[:500], fit.dimension).requires_grad_()
    optimizer = torch.optim.AdamW([matrix], lr=fit.learning_rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, fit.learning_rate, fit.steps)
    for step, chosen in zip(
        range(fit.steps), batches(lists, min(fit.batch, len(lists.lists)), rng), strict=False
    ):
        loss = step_loss(lists, chosen, matrix, fit)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        if step % 50 == 0:
            print(step, round(loss.item(), 4), flush=True)
    return matrix.detach()


def build_lists(data: Path, negatives: Path, backbone: Path, count: int, seed: int) -> Lists:
    """Token vectors of `count` training questions, each with its passage and three hard negatives."""
    rows, wrong = split_qa(data).train, load_negatives(negatives, "train", 6)
    usable = [
        i for i, row in enumerate(rows) if row.spans and len(wrong[i]) >= 3 and "reddit" not in row.source
    ]
    chosen = random.Random(seed).sample(usable, min(count, len(usable)))
    texts = [[rows[i].context, *wrong[i][:3]] for i in chosen]
    unique = sorted({text for group in texts for text in group})
    place = {text: i for i, text in enumerate(unique)}
    model, tokenizer = load_backbone(backbone).eval(), load_tokenizer(backbone)
    questions = token_vectors(model, tokenizer, [rows[i].question for i in chosen], 48)
    passages = token_vectors(model, tokenizer, unique, 128)
    return Lists(questions, passages, [[place[text] for text in group] for group in texts])


def main() -> None:
    """Write projection.npy [width,D] into --out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--negatives", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--backbone")
    parser.add_argument("--questions", type=int, default=1600)
    parser.add_argument("--dimension", type=int, default=128)
    parser.add_argument("--pooling", type=int, default=2)
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(1)
    lists = build_lists(args.data, args.negatives, backbone_folder(args.backbone), args.questions, args.seed)
    fit = Fit(args.dimension, args.pooling, args.steps, args.batch, seed=args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    np.save(args.out / "projection.npy", fit_projection(lists, fit).numpy())


if __name__ == "__main__":
    main()
