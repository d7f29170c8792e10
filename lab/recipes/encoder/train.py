"""Trains the encoder's dense and token vectors together.

`python -m lab.recipes.encoder.train --data DIR --negatives FILE --projection FILE --out DIR --minutes 60`

Contrast within batches of one source and against mined hard negatives (Karpukhin et al. 2020,
https://arxiv.org/abs/2004.04906), for the cosine of the dense vectors and for MaxSim (Khattab and Zaharia
2020, https://arxiv.org/abs/2004.12832) as it is served: projected, pooled in pairs.
"""

from __future__ import annotations

import argparse
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch.nn import functional

from adapt.network import EncoderNet, backbone_folder, freeze_lower, half, load_backbone, load_tokenizer
from lab.recipes.encoder.data import Pair, encoder_pairs
from lab.recipes.encoder.projection import maxsim, pooled
from lab.recipes.loop import Budget, State, Trainer, add_arguments, use

WEIGHTS = {"squadshifts": 0.5, "medquad": 0.3, "squad_nqg": 0.35}
"""The share of a source's pairs that an epoch uses; natural questions are used whole."""


@dataclass(frozen=True)
class Recipe:
    """Sizes of a batch, temperatures (multipliers of cosines) and what stays frozen."""

    questions: int = 32
    max_question: int = 32
    max_passage: int = 128
    dense_scale: float = 20.0
    late_scale: float = 40.0
    frozen_layers: int = 2
    budget: int = 3072


@dataclass(frozen=True)
class EncoderBatch:
    """Token ids of questions and of passages; passage i answers question i, those behind are negatives.

    `same` [questions, passages] marks passages with the text of the right one elsewhere in the batch.
    """

    questions: list[list[int]]
    passages: list[list[int]]
    same: torch.Tensor


def epoch(pairs: Sequence[Pair], size: int, rng: random.Random) -> list[list[Pair]]:
    """Batches of one source each, shuffled; what does not fill a batch waits for the next epoch."""
    by_source: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        if rng.random() < WEIGHTS.get(pair.source, 1.0):
            by_source[pair.source].append(pair)
    batches = []
    for chosen in by_source.values():
        rng.shuffle(chosen)
        batches += [chosen[i : i + size] for i in range(0, len(chosen) - size + 1, size)]
    rng.shuffle(batches)
    return batches


def collate(pairs: Sequence[Pair], tokenizer: Tokenizer, recipe: Recipe, rng: random.Random) -> EncoderBatch:
    """Tokenise a batch with one hard negative for each pair that has any."""
    wrong = [rng.choice(pair.negatives) for pair in pairs if pair.negatives]
    texts = [pair.passage for pair in pairs] + wrong
    same = torch.tensor([[pair.passage == text for text in texts] for pair in pairs])
    same[range(len(pairs)), range(len(pairs))] = False
    return EncoderBatch(
        _ids(tokenizer, [pair.question for pair in pairs], recipe.max_question),
        _ids(tokenizer, texts, recipe.max_passage),
        same,
    )


def _ids(tokenizer: Tokenizer, texts: Sequence[str], most: int) -> list[list[int]]:
    found = [item.ids for item in tokenizer.encode_batch(list(texts))]
    return [ids[: most - 1] + ids[-1:] if len(ids) > most else ids for ids in found]


def stream(pairs: Sequence[Pair], tokenizer: Tokenizer, recipe: Recipe, seed: int) -> Iterator[EncoderBatch]:
    """Endless batches."""
    rng = random.Random(seed)
    while True:
        for batch in epoch(pairs, recipe.questions, rng):
            yield collate(batch, tokenizer, recipe, rng)


def encoder_loss(net: EncoderNet, batch: EncoderBatch, recipe: Recipe) -> torch.Tensor:
    """Cross-entropy of the right passage among the batch's, by dense cosine, by MaxSim and by both."""
    with half():
        asked, asked_tokens = net.encode(batch.questions, recipe.budget)
        found, found_tokens = net.encode(batch.passages, recipe.budget)
    dense = recipe.dense_scale * (asked.float() @ found.float().T)
    packed = [
        pooled(tokens[1:-1].float(), 2) if len(tokens) > 2 else tokens.float() for tokens in found_tokens
    ]
    late = recipe.late_scale * maxsim([tokens.float() for tokens in asked_tokens], packed)
    right = torch.arange(len(batch.questions))
    scores = [part.masked_fill(batch.same, -1e4) for part in (dense, late, (dense + late) / 2)]
    return torch.stack([functional.cross_entropy(part, right) for part in scores]).mean()


def train(
    pairs: Sequence[Pair], backbone: Path, projection: torch.Tensor, out: Path, budget: Budget, seed: int
) -> State:
    """Train from the backbone and the fitted projection, or go on from the checkpoint in `out`."""
    torch.manual_seed(seed)
    recipe = Recipe()
    net = EncoderNet(load_backbone(backbone), projection)
    net.eval()
    trainer: Trainer[EncoderBatch] = Trainer(
        net,
        lambda batch: encoder_loss(net, batch, recipe),
        lambda batch: sum(map(len, batch.questions)) + sum(map(len, batch.passages)),
        out,
        budget,
    )
    freeze_lower(net, recipe.frozen_layers)
    trainer.resume()
    return trainer.run(stream(pairs, load_tokenizer(backbone), recipe, seed + trainer.state.step))


def main() -> None:
    """Command line of this recipe."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--negatives", type=Path, required=True)
    parser.add_argument("--projection", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--backbone")
    parser.add_argument("--minutes", type=float, default=60)
    add_arguments(parser)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    use(args)
    budget = Budget(args.minutes, learning_rate=3e-5, head_rate=1e-3)
    projection = torch.from_numpy(np.load(args.projection)).float()
    pairs = encoder_pairs(args.data, args.negatives)
    print(len(pairs), "pairs", flush=True)
    print(train(pairs, backbone_folder(args.backbone), projection, args.out, budget, args.seed))


if __name__ == "__main__":
    main()
