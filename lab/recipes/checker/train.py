"""Trains the checker: `python -m lab.recipes.checker.train --data DIR --out DIR --minutes 70`."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import torch
from torch.nn import functional

from adapt.network import backbone_folder, half, load_backbone, load_tokenizer
from lab.recipes.checker.batches import UNKNOWN, CheckerBatch, Claim, pack_claim, stream
from lab.recipes.checker.data import split_claims, without
from lab.recipes.checker.net import CheckerNet
from lab.recipes.checker.synthetic import synthesise
from lab.recipes.loop import Budget, State, Trainer, add_arguments, trained_weights, use
from lab.recipes.reader.batches import PassageCache
from lab.recipes.reader.data import split_qa
from lab.recipes.records import ClaimRow, bucket

CAPTIONS = ("cad_nli", "conjnli", "dnc", "sick", "snli")
"""Sources of templates and picture captions: they teach logic, not what answers look like."""
SMOOTHING = 0.05
"""Label smoothing: some of these labels are wrong, and no row should cost without bound."""


def label_loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Cross-entropy; a not_entailment row is charged for the chance of "supported" alone."""
    chances = functional.log_softmax(logits, -1)
    rest = torch.logsumexp(chances[:, 1:], -1, keepdim=True)
    exact = functional.nll_loss(torch.cat([chances, rest], -1), target, reduction="mean")
    return (1 - SMOOTHING) * exact - SMOOTHING * chances.mean()


def token_loss(logits: torch.Tensor, token_labels: torch.Tensor) -> torch.Tensor:
    """Binary cross-entropy over the claim tokens whose mark is known."""
    known = token_labels != UNKNOWN
    if not bool(known.any()):
        return logits.sum() * 0
    return functional.binary_cross_entropy_with_logits(logits[known], token_labels[known].float())


def checker_loss(net: CheckerNet, batch: CheckerBatch) -> torch.Tensor:
    """Labels plus half the marks."""
    with half():
        label, mark = net(batch.ids, batch.mask, batch.types)
    return label_loss(label.float(), batch.target) + 0.5 * token_loss(mark.float(), batch.token_labels)


def training_rows(data: Path, synthetic: int, seed: int, left_out: Sequence[str] = ()) -> list[ClaimRow]:
    """The judged rows, less those of the sources left out, and `synthetic` planted ones over the reader's
    training passages.
    """
    judged = without(split_claims(data).train, left_out)
    return judged + synthesise(split_qa(data).train, synthetic, seed)


def make_net(backbone: Path, starts: Sequence[Path] = ()) -> CheckerNet:
    """A net from the backbone, or with the mean of the weights of other runs' checkpoints (not their
    schedules).

    Runs from the same backbone and the same first heads can be averaged (Wortsman et al. 2022, model soups,
    https://arxiv.org/abs/2203.05482).
    """
    net = CheckerNet(load_backbone(backbone))
    if starts:
        runs = [trained_weights(run / "checkpoint.pt") for run in starts]
        net.load_state_dict({key: sum(run[key] for run in runs) / len(runs) for key in runs[0]})
    return net.eval()  # no dropout, as in the reader's recipe


def thinned(rows: Sequence[ClaimRow], share: float) -> list[ClaimRow]:
    """The rows, with only a share of those from templates and captions."""
    return [
        row
        for row in rows
        if not row.source.startswith(CAPTIONS) or bucket("thin" + row.claim, 1000) < share * 1000
    ]


def train(
    claims: list[Claim],
    net: CheckerNet,
    out: Path,
    budget: Budget,
    tokens: int = 3072,
    seed: int = 1,
) -> State:
    """Train the net, or go on from the checkpoint in `out`; `tokens` is the size of a batch."""
    trainer: Trainer[CheckerBatch] = Trainer(
        net, lambda batch: checker_loss(net, batch), lambda batch: int(batch.mask.sum()), out, budget
    )
    trainer.resume()
    return trainer.run(stream(claims, tokens, seed + trainer.state.step))


def main() -> None:
    """Command line of this recipe."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--backbone")
    parser.add_argument("--minutes", type=float, default=70)
    parser.add_argument("--synthetic", type=int, default=24000)
    parser.add_argument("--left-out", nargs="*", default=(), help="prefixes of sources never to be seen")
    parser.add_argument("--start", type=Path, nargs="*", default=(), help="runs whose mean to start from")
    parser.add_argument("--thin", type=float, default=1.0, help="share of template and caption rows to use")
    add_arguments(parser)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    use(args)
    torch.manual_seed(args.seed)
    backbone = backbone_folder(args.backbone)
    cache = PassageCache(load_tokenizer(backbone))
    rows = thinned(training_rows(args.data, args.synthetic, args.seed, args.left_out), args.thin)
    net = make_net(backbone, args.start)
    print(Counter(row.source.split("/")[0] for row in rows), flush=True)
    claims = [pack_claim(row, cache) for row in rows]
    print(train(claims, net, args.out, Budget(args.minutes), seed=args.seed))


if __name__ == "__main__":
    main()
