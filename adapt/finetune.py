"""Fine-tuning the encoder on a collection's questions: contrast within batches, export to a weights folder.

Needs the extra `train`.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch.nn import functional

from adapt.export import write_encoder
from adapt.network import (
    EncoderNet,
    blend,
    freeze_lower,
    load_backbone,
    load_tokenizer,
    principal,
    token_vectors,
)

_SCALE = 20.0
_BUDGET = 4096
_POOLING = 2


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """Passes over the pairs, pairs a batch, the highest rate, layers kept, share of the tuned weights."""

    epochs: int = 2
    batch: int = 24
    rate: float = 2e-5
    frozen_layers: int = 2
    share: float = 0.5
    dimension: int = 128
    question_tokens: int = 48
    passage_tokens: int = 160


Pair = tuple[str, str]
"""A question and the passage that answers it."""


def tune(
    backbone: Path,
    pairs: Sequence[Pair],
    out: Path,
    seed: int,
    on_step: Callable[[int, int], None],
    how: TrainingOptions,
) -> None:
    """Fine-tune the backbone on the pairs and write a weights folder."""
    torch.manual_seed(seed)
    tokenizer = load_tokenizer(backbone)
    body = load_backbone(backbone)
    width = int(body.config.hidden_size)
    start = EncoderNet(body, torch.zeros(width, min(how.dimension, width)))
    net = copy.deepcopy(start)
    freeze_lower(net, min(how.frozen_layers, len(body.encoder.layer) - 1))
    train(net, tokenized(tokenizer, pairs, how), seed, on_step, how)
    mixed = EncoderNet(body, start.projection.detach()).eval()
    mixed.load_state_dict(blend(start.state_dict(), net.state_dict(), how.share))
    texts = [passage for _, passage in pairs[:200]]
    vectors = token_vectors(mixed.body, tokenizer, texts, how.passage_tokens)
    projection = principal(vectors, min(how.dimension, width))
    write_encoder(mixed.body, projection, backbone, out, _POOLING)


Row = list[int]


def tokenized(tokenizer: Tokenizer, pairs: Sequence[Pair], how: TrainingOptions) -> list[tuple[Row, Row]]:
    """Token ids of each pair, cut to their longest."""
    sides = zip((how.question_tokens, how.passage_tokens), zip(*pairs, strict=True), strict=True)
    questions, passages = (
        [item.ids[: most - 1] + item.ids[-1:] for item in tokenizer.encode_batch(list(texts))]
        for most, texts in sides
    )
    return list(zip(questions, passages, strict=True))


def train(
    net: EncoderNet,
    rows: list[tuple[Row, Row]],
    seed: int,
    on_step: Callable[[int, int], None],
    how: TrainingOptions,
) -> None:
    """Train the body in place; `on_step` is told of each step and of how many there are."""
    trained = [parameter for parameter in net.body.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=how.rate, weight_decay=0.01)
    size = min(how.batch, len(rows))
    steps = how.epochs * (len(rows) // size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, how.rate, max(2, steps), pct_start=0.1)
    for step, chosen in enumerate(_batches(rows, size, steps, random.Random(seed)), start=1):
        loss = contrast(net, chosen)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        on_step(step, steps)


def contrast(net: EncoderNet, rows: Sequence[tuple[Row, Row]]) -> torch.Tensor:
    """Cross entropy of each question's own passage among those of the batch."""
    questions, _ = net.encode([question for question, _ in rows], _BUDGET)
    passages, _ = net.encode([passage for _, passage in rows], _BUDGET)
    return functional.cross_entropy(_SCALE * questions @ passages.T, torch.arange(len(rows)))


def _batches(
    rows: list[tuple[Row, Row]], size: int, steps: int, dice: random.Random
) -> list[list[tuple[Row, Row]]]:
    found: list[list[tuple[Row, Row]]] = []
    while len(found) < steps:
        mixed = dice.sample(rows, len(rows))
        found += [mixed[start : start + size] for start in range(0, len(rows) - size + 1, size)]
    return found[:steps]
