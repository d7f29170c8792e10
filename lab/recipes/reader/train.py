"""Trains the reader, after lab.recipes.reader.mine.

`python -m lab.recipes.reader.train --data DIR --out DIR --minutes 70`
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from torch.nn import functional

from adapt.network import backbone_folder, half, load_backbone, load_tokenizer
from lab.recipes.loop import Budget, State, Trainer, add_arguments, trained_weights, use
from lab.recipes.reader.batches import (
    UNKNOWN,
    Mix,
    PassageCache,
    Question,
    ReaderBatch,
    load_negatives,
    pack,
    stream,
)
from lab.recipes.reader.data import answered, load_set, split_qa
from lab.recipes.reader.evidence import load_evidence
from lab.recipes.reader.net import ReaderNet, Reads
from lab.recipes.reader.pages import cell_rows, documents, heading_pairs
from lab.recipes.reader.pairs import load_pairs, load_topics, pack_pairs, with_wrong
from lab.recipes.reader.turned import turned

EXIT_WEIGHTS = {2: 0.15, 3: 0.15, 4: 0.25, 8: 0.3}
"""Loss weights of the early heads; the deepest has 1."""
TURNED = 0.6
"""Share of the span questions that come a second time, turned so that their passage does not answer."""


def list_loss(relevance: torch.Tensor, group: torch.Tensor) -> torch.Tensor:
    """Softmax cross-entropy of each question's first pair, the relevant one, among all of that question's;
    averaged over questions with more than one.
    """
    same = group[:, None] == group[None, :]
    first = torch.cat([torch.ones_like(group[:1], dtype=torch.bool), group[1:] != group[:-1]])
    chosen = first & (same.sum(1) > 1)
    if not chosen.any():
        return relevance.sum() * 0
    total = torch.logsumexp(relevance.masked_fill(~same, float("-inf")), 1)
    return (total - relevance)[chosen].mean()


def evidence_loss(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Binary cross-entropy over the tokens that are known to be in evidence or not."""
    known = wanted != UNKNOWN
    if not known.any():
        return logits.sum() * 0
    return functional.binary_cross_entropy_with_logits(logits[known], wanted[known].to(logits.dtype))


def head_loss(reads: Reads, batch: ReaderBatch) -> torch.Tensor:
    """Span cross-entropy, relevance and evidence cross-entropy and the listwise term of one head, summed."""
    relevance, start, end, evidence = (part.float() for part in reads)
    span = functional.cross_entropy(start, batch.start) + functional.cross_entropy(end, batch.end)
    relevant = functional.binary_cross_entropy_with_logits(relevance, batch.relevant)
    ranked = list_loss(relevance, batch.group)
    return span / 2 + 0.5 * relevant + 0.5 * ranked + 0.3 * evidence_loss(evidence, batch.evidence)


def copy_loss(reads: Reads, teacher: Reads) -> torch.Tensor:
    """How far an early head's span distributions are from the deepest one's, which is not pulled along."""
    start, end = (
        functional.cross_entropy(ours.float(), theirs.detach().float().softmax(-1))
        for ours, theirs in zip(reads[1:3], teacher[1:3], strict=True)
    )
    return (start + end) / 2


def reader_loss(net: ReaderNet, batch: ReaderBatch, early_heads: bool = True) -> torch.Tensor:
    """The deepest head's loss and, with small weights, the early ones', half of it self-distillation."""
    with half():
        *early, last = net.exits(batch.ids, batch.mask, batch.types)
    loss = head_loss(last, batch)
    if not early_heads:
        return loss
    for depth, reads in zip(net.depths, early, strict=False):
        loss = loss + EXIT_WEIGHTS[depth] * (head_loss(reads, batch) + copy_loss(reads, last)) / 2
    return loss


def train(
    questions: Sequence[Question],
    backbone: Path,
    out: Path,
    budget: Budget,
    mix: Mix | None = None,
    seed: int = 1,
    start: Path | None = None,
    early_heads: bool = True,
    dropout: bool = False,
) -> State:
    """Train from the backbone or from the weights of the checkpoint `start`, or go on from that in `out`;
    without `early_heads` for the deepest head alone. `dropout` is the backbone's own.
    """
    torch.manual_seed(seed)
    net = ReaderNet(load_backbone(backbone))
    if start:
        net.start_from(trained_weights(start))
    net.train(dropout)  # none in one or two passes over the data, which is a fifth faster
    trainer: Trainer[ReaderBatch] = Trainer(
        net,
        lambda batch: reader_loss(net, batch, early_heads),
        lambda batch: int(batch.mask.sum()),
        out,
        budget,
    )
    trainer.resume()
    return trainer.run(stream(questions, mix or Mix(), seed + trainer.state.step))


def training_questions(data: Path, negatives: Path, backbone: Path, without: Sequence[str]) -> list[Question]:
    """The span questions with their mined negatives and the pairs for relevance and evidence; sources that
    begin with a name in `without` are left out.
    """
    cache = PassageCache(load_tokenizer(backbone))
    splits, pages = split_qa(data), list(documents(data / "docs" / "opensearch"))
    packed = pack(splits.train, load_negatives(negatives, "train", 8), cache)
    plain = [
        row for row in splits.train if not row.source.startswith("subjqa")
    ]  # nothing to turn in opinions
    others = [*turned(plain, TURNED, seed=1), *cell_rows(pages), *answered(load_set(data, "tatqa_devtest"))]
    packed += pack(others, [()] * len(others), cache)
    evidence = load_evidence(data, frozenset(row.context for row in splits.dev)).train
    sections = with_wrong(heading_pairs(pages))
    packed += pack_pairs(load_pairs(data) + evidence + load_topics(data) + sections, cache)
    return [q for q in packed if not q.source.startswith(tuple(without))]


def main() -> None:
    """Command line of this recipe."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--negatives", type=Path, help="negatives.json, where it is not in --out")
    parser.add_argument("--start", type=Path, help="a checkpoint.pt whose weights to begin with")
    parser.add_argument("--deepest", action="store_true", help="train the deepest head alone")
    parser.add_argument("--dropout", action="store_true", help="for many passes over the data")
    parser.add_argument("--batch", type=int, default=Mix().budget, help="tokens in a batch")
    parser.add_argument("--without", nargs="*", default=[], help="sources to leave out")
    parser.add_argument("--backbone")
    parser.add_argument("--minutes", type=float, default=70)
    parser.add_argument("--rate", type=float, default=1.2e-4)
    add_arguments(parser)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    use(args)
    backbone = backbone_folder(args.backbone)
    mined = args.negatives or args.out / "negatives.json"
    questions = training_questions(args.data, mined, backbone, args.without)
    state = train(
        questions,
        backbone,
        args.out,
        Budget(args.minutes, learning_rate=args.rate),
        Mix(budget=args.batch),
        args.seed,
        args.start,
        early_heads=not args.deepest,
        dropout=args.dropout,
    )
    print(state)


if __name__ == "__main__":
    main()
