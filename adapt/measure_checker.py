"""Scores a checker on rows it never saw: `python -m adapt.measure_checker --data DIR --model FOLDER`."""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from adapt.claim_data import split_claims
from adapt.fit_checker import features_of, held_rows, passages_of
from adapt.logistic import Doubles, auc, balanced_accuracy, best_threshold, calibration_error, predict
from adapt.qa_data import split_qa
from adapt.records import ClaimRow
from adapt.synthetic import synthesise
from rag.models.alignment import align
from rag.models.checker import NET_FEATURES, OnnxChecker

OVERLAP = len(NET_FEATURES)
"""The column of `words_found`: the lexical overlap that a checker has to beat."""


@dataclass(frozen=True)
class Score:
    """One check set: areas under the curve, balanced accuracies at thresholds fitted elsewhere, calibration
    error.
    """

    name: str
    rows: int
    supported: float
    auc: float
    auc_overlap: float
    auc_net: float
    balanced: float
    balanced_overlap: float
    error: float


def score(name: str, rows: Sequence[ClaimRow], features: Doubles, head: Head) -> Score:
    """Measure a fitted head on one set."""
    truth = np.array([row.label == "entailment" for row in rows])
    chances = predict(head.support, features)
    overlap = features[:, OVERLAP]
    return Score(
        name,
        len(rows),
        float(truth.mean()),
        auc(chances, truth),
        auc(overlap, truth),
        auc(features[:, 0], truth),
        balanced_accuracy(chances >= head.threshold, truth),
        balanced_accuracy(overlap >= head.overlap_threshold, truth),
        calibration_error(chances, truth.astype(float)),
    )


@dataclass(frozen=True)
class Head:
    """The fitted head, and the threshold of the lexical baseline, fitted on the same rows."""

    support: Doubles
    threshold: float
    overlap_threshold: float


def read_head(folder: Path, held: Sequence[ClaimRow]) -> Head:
    """The head of a weights folder."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    truth = np.array([row.label == "entailment" for row in held])
    overlap = np.array([align(row.claim, passages_of(row))[0] for row in held])
    fitted = best_threshold(overlap, truth)
    return Head(np.array(config["support_weights"]), float(config["support_threshold"]), fitted)


def check_sets(data: Path, most: int, seed: int) -> dict[str, list[ClaimRow]]:
    """A sample of at most `most` rows of every check set, and synthetic claims over paragraphs of the
    reader's dev.
    """
    rng = random.Random(seed)
    sets = split_claims(data).checks
    sampled = {name: rng.sample(rows, min(most, len(rows))) for name, rows in sorted(sets.items()) if rows}
    return {**sampled, "synthetic": synthesise(split_qa(data).dev, min(most, 600), seed + 2)}


def main() -> None:
    """Print one JSON line for each check set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--most", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    checker = OnnxChecker("checker", args.model)
    head = read_head(args.model, held_rows(args.data, args.seed))
    for name, rows in check_sets(args.data, args.most, args.seed).items():
        result = score(name, rows, features_of(checker, rows), head)
        print(
            json.dumps({k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(result).items()}),
            flush=True,
        )


if __name__ == "__main__":
    main()
