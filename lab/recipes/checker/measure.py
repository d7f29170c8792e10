"""Scores a checker on rows it never saw.

`python -m lab.recipes.checker.measure --data DIR --model FOLDER --encoder FOLDER`
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from sklearn.metrics import balanced_accuracy_score

from eval.statistics import calibration_error
from lab.recipes.checker.data import split_claims
from lab.recipes.checker.fit import (
    WORDS,
    Examples,
    Heads,
    features_of,
    held_rows,
    open_checker,
    open_encoder,
    recipe_parser,
)
from lab.recipes.checker.synthetic import synthesise
from lab.recipes.logistic import auc, best_balance, predict
from lab.recipes.reader.data import split_qa
from lab.recipes.records import ClaimRow
from rag.models.checker import NET_FEATURES, SIMILAR, read_head
from rag.models.config import read_config

OVERLAP, COSINE = len(NET_FEATURES), WORDS
"""The columns that a checker has to beat: the share of the claim's words in the evidence, and the best
cosine of the encoder's vectors.
"""


@dataclass(frozen=True)
class Score:
    """One check set: areas under the curve, balanced accuracies at thresholds fitted elsewhere, calibration
    error; `plain` is the head that needs no encoder.
    """

    name: str
    rows: int
    supported: float
    auc: float
    auc_plain: float
    auc_net: float
    auc_overlap: float
    auc_cosine: float
    balanced: float
    balanced_overlap: float
    balanced_cosine: float
    error: float


@dataclass(frozen=True)
class Rules:
    """The fitted heads, and the thresholds of the two baselines, fitted on the same rows."""

    head: Heads
    plain: Heads
    overlap: float
    cosine: float


def rules_of(head: Heads, plain: Heads, fitted: Examples) -> Rules:
    """The heads with the baselines' thresholds over the rows that the heads were fitted on."""
    overlap, cosine = (
        best_balance(fitted.features[:, column], fitted.supported, fitted.sources)
        for column in (OVERLAP, COSINE)
    )
    return Rules(head, plain, overlap, cosine)


def score(name: str, examples: Examples, rules: Rules) -> Score:
    """Measure on one set."""
    truth, features = examples.supported, examples.features
    chances = predict(rules.head.support, features)
    overlap, cosine = features[:, OVERLAP], features[:, COSINE]
    return Score(
        name,
        len(truth),
        float(truth.mean()),
        auc(chances, truth),
        auc(predict(rules.plain.support, features[:, :WORDS]), truth),
        auc(features[:, 0], truth),
        auc(overlap, truth),
        auc(cosine, truth),
        balanced_accuracy_score(truth, chances >= rules.head.threshold),
        balanced_accuracy_score(truth, overlap >= rules.overlap),
        balanced_accuracy_score(truth, cosine >= rules.cosine),
        calibration_error(chances, truth.astype(float)),
    )


def shown(values: Mapping[str, object]) -> str:
    """One JSON line, rounded."""
    return json.dumps({k: round(v, 4) if isinstance(v, float) else v for k, v in values.items()})


def stored(folder: Path, prefix: str) -> Heads:
    """A head of a weights folder."""
    head = read_head(read_config(folder), prefix)
    return Heads(head.support, head.contradiction, head.threshold)


def check_sets(data: Path, most: int, seed: int) -> dict[str, list[ClaimRow]]:
    """A sample of at most `most` rows of every check set, and synthetic claims over paragraphs of the
    reader's dev. wice_tokens has no supported claims and is measured by `lab.recipes.checker.tokens`.
    """
    rng = random.Random(seed)
    sets = {name: rows for name, rows in split_claims(data).checks.items() if name != "wice_tokens"}
    sampled = {name: rng.sample(rows, min(most, len(rows))) for name, rows in sorted(sets.items())}
    return {**sampled, "synthetic": synthesise(split_qa(data).dev, min(most, 600), seed + 2)}


def main() -> None:
    """Print one JSON line for each check set."""
    parser = recipe_parser(__doc__)
    parser.add_argument("--most", type=int, default=300)
    args = parser.parse_args()
    checker, encoder = open_checker(args, args.model), open_encoder(args)
    held = held_rows(args.data, args.seed)
    fitted = Examples(held, features_of(checker, encoder, held))
    rules = rules_of(stored(args.model, SIMILAR), stored(args.model, ""), fitted)
    for name, rows in check_sets(args.data, args.most, args.seed).items():
        found = score(name, Examples(rows, features_of(checker, encoder, rows)), rules)
        print(shown(asdict(found)), flush=True)


if __name__ == "__main__":
    main()
