"""Fits how the encoder ranks loose texts.

`python -m lab.recipes.encoder.fit --data DIR --negatives FILE --model FOLDER`

Cosine and MaxSim count by their usual spread within a list (both standardised on average), BM25 half as
much, as in search; what is fitted is the scale and the bias that turn the sum into a chance, on questions
that trained nothing: the reader's `calibrate` split with mined negatives, wikiqa dev and trecqa dev.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lab.recipes.encoder.data import judged_lists
from lab.recipes.logistic import fit_logistic
from lab.recipes.reader.batches import load_negatives
from lab.recipes.reader.data import split_qa
from lab.recipes.results import update_config
from rag.models.encoder import OnnxEncoder
from rag.models.ranking import RelevanceWeights, ranking_features
from rag.models.runtime import RuntimeOptions
from rag.models.types import Encoder, Floats

LEXICAL = 0.5
"""BM25's weight beside the standardised cosine and MaxSim: what the fused search uses."""


@dataclass(frozen=True)
class RankedList:
    """A question with right and wrong texts."""

    question: str
    texts: tuple[str, ...]
    right: tuple[bool, ...]


def calibration_lists(data: Path, negatives: Path, count: int, seed: int) -> list[RankedList]:
    """`count` questions with mined negatives, and as many of each judged set."""
    rng = random.Random(seed)
    rows = split_qa(data).calibrate
    wrong = load_negatives(negatives, "calibrate", 19)
    usable = [(row, found) for row, found in zip(rows, wrong, strict=True) if row.spans and len(found) >= 5]
    mined = [
        RankedList(row.question, (row.context, *found), (True, *[False] * len(found)))
        for row, found in rng.sample(usable, min(count, len(usable)))
    ]
    judged = [
        RankedList(question, (*right, *false), (*[True] * len(right), *[False] * len(false)))
        for name in ("wikiqa", "trecqa")
        for question, right, false in judged_lists(data, name, "dev")
        if right and false
    ]
    return mined + rng.sample(judged, min(2 * count, len(judged)))


def fit_weights(lists: Sequence[RankedList], features: Sequence[Floats]) -> RelevanceWeights:
    """Weights over features [n,3] of each list; every list counts the same, right and wrong texts as well."""
    spread = np.mean([part[:, :2].std(axis=0) for part in features], axis=0)
    weights = np.array([*(1 / np.maximum(spread, 1e-6)), LEXICAL])
    sums = [part @ weights for part in features]
    right = [np.array(item.right) for item in lists]
    importance = [np.where(mask, 0.5 / mask.sum(), 0.5 / max(1, (~mask).sum())) for mask in right]
    scale, bias = fit_logistic(
        np.concatenate(sums)[:, None], np.concatenate(right).astype(float), np.concatenate(importance)
    )
    dense, late, lexical = (scale * weights).tolist()
    return RelevanceWeights(dense, late, lexical, float(bias))


def reciprocal_rank(lists: Sequence[RankedList], scores: Sequence[Floats]) -> float:
    """Mean reciprocal rank of the first right text."""
    ranks = [
        1 + min(int(np.flatnonzero(np.argsort(-part) == i)[0]) for i in np.flatnonzero(item.right))
        for item, part in zip(lists, scores, strict=True)
    ]
    return float(np.mean([1 / rank for rank in ranks]))


def features_of(encoder: Encoder, lists: Sequence[RankedList]) -> list[Floats]:
    """Features of every list."""
    return [ranking_features(encoder, item.question, item.texts) for item in lists]


def main() -> None:
    """Write `relevance_weights` into the encoder's config.json and print the mean reciprocal ranks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--negatives", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    encoder = OnnxEncoder("encoder", args.model, RuntimeOptions(precision="int8"))
    lists = calibration_lists(args.data, args.negatives, args.count, args.seed)
    features = features_of(encoder, lists)
    fitted = fit_weights(lists, features)
    weights = np.array([fitted.dense, fitted.late, fitted.lexical])
    alone = {name: [part[:, i] for part in features] for i, name in enumerate(("dense", "late", "bm25"))}
    for name, scores in {**alone, "all": [part @ weights for part in features]}.items():
        print(name, round(reciprocal_rank(lists, scores), 4), flush=True)
    entries = [round(w, 4) for w in (*weights.tolist(), fitted.bias)]
    update_config(args.model, {"relevance_weights": entries})


if __name__ == "__main__":
    main()
