"""Trains the reader: `python -m adapt.train_reader --data DIR --out DIR --minutes 70` (after
adapt.mine_reader).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch.nn import functional

from adapt.backbone import backbone_folder, load_backbone, load_tokenizer
from adapt.loop import Budget, State, Trainer
from adapt.qa_data import split_qa
from adapt.reader_net import ReaderNet
from adapt.reader_pack import Mix, PassageCache, Question, ReaderBatch, load_negatives, pack, stream


def pair_loss(relevance: torch.Tensor, batch: ReaderBatch) -> torch.Tensor:
    """Cross-entropy of the positive against the negative of the same question, averaged over such pairs."""
    second = torch.nonzero(batch.group[1:] == batch.group[:-1]).squeeze(-1) + 1
    if len(second) == 0:
        return relevance.sum() * 0
    return functional.softplus(relevance[second] - relevance[second - 1]).mean()


def reader_loss(net: ReaderNet, batch: ReaderBatch) -> torch.Tensor:
    """Span cross-entropy, relevance cross-entropy and the pairwise term, summed."""
    with torch.autocast("cpu", torch.bfloat16):
        relevance, start, end = net(batch.ids, batch.mask, batch.types)
    relevance, start, end = relevance.float(), start.float(), end.float()
    span = functional.cross_entropy(start, batch.start) + functional.cross_entropy(end, batch.end)
    relevant = functional.binary_cross_entropy_with_logits(relevance, batch.relevant)
    return span / 2 + 0.5 * relevant + 0.5 * pair_loss(relevance, batch)


def train(
    questions: list[Question],
    backbone: Path,
    out: Path,
    budget: Budget,
    mix: Mix | None = None,
    seed: int = 1,
) -> State:
    """Train from the backbone, or go on from the checkpoint in `out`."""
    torch.manual_seed(seed)
    net = ReaderNet(load_backbone(backbone))
    net.eval()  # no dropout: hardly more than one pass over the data, and a fifth faster
    trainer: Trainer[ReaderBatch] = Trainer(
        net, lambda batch: reader_loss(net, batch), lambda batch: int(batch.mask.sum()), out, budget
    )
    trainer.resume()
    return trainer.run(stream(questions, mix or Mix(), seed + trainer.state.step))


def main() -> None:
    """Command line of this recipe."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--backbone")
    parser.add_argument("--minutes", type=float, default=70)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    backbone = backbone_folder(args.backbone)
    rows = split_qa(args.data).train
    negatives = load_negatives(args.out / "negatives.json", "train", 8)
    questions = pack(rows, negatives, PassageCache(load_tokenizer(backbone)))
    print(train(questions, backbone, args.out, Budget(args.minutes), seed=args.seed))


if __name__ == "__main__":
    main()
