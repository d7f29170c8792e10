"""Fits which tokens of a claim are marked as unsupported, and scores the marks.

`python -m lab.recipes.checker.tokens --data DIR --model FOLDER --encoder FOLDER`

Without an encoder a threshold on the net's logits; with one a logistic regression over the net's marks, the
words and the vectors. `--unseen FOLDER` adds the view of a net that never saw the marked training claims, on
those claims.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from adapt.network import load_tokenizer
from lab.recipes.checker.batches import MAX_CLAIM, UNKNOWN, token_labels
from lab.recipes.checker.data import ClaimSplits, split_claims
from lab.recipes.checker.fit import open_checker, open_encoder, passages_of, recipe_parser
from lab.recipes.checker.synthetic import synthesise
from lab.recipes.logistic import Bools, Doubles, fit_logistic
from lab.recipes.reader.data import split_qa
from lab.recipes.records import ClaimRow
from lab.recipes.results import update_config
from rag.models.checker import SIMILAR, OnnxChecker, window_texts
from rag.models.claims import MARK_FEATURES, mark_features, similarities
from rag.models.encoder import OnnxEncoder

NET, MISSING = MARK_FEATURES.index("net"), MARK_FEATURES.index("missing")
PLANTED = 400


@dataclass(frozen=True)
class LabelledTokens:
    """Claim tokens of many rows: their features [N,F], whether people marked the token [N]."""

    features: Doubles
    truth: Bools


@dataclass(frozen=True)
class TokenHead:
    """Threshold on the net's logit alone; weights [F+1] over all features, and the threshold on their sum."""

    plain: float
    weights: Doubles
    threshold: float

    def flagged(self, features: Doubles) -> Bools:
        """The marked tokens, by all features."""
        return np.asarray(features @ self.weights[:-1] + self.weights[-1] > self.threshold)


def labelled_tokens(
    checker: OnnxChecker, encoder: OnnxEncoder, tokenizer: Tokenizer, rows: Sequence[ClaimRow]
) -> LabelledTokens:
    """The known claim tokens of rows that have at least one mark."""
    features, truth = [], []
    for row in rows:
        evidence = passages_of(row)
        judged = checker.judge([row.claim], [evidence])[0]
        item = tokenizer.encode(row.claim, add_special_tokens=False)
        labels = np.array(token_labels(row, item.offsets[:MAX_CLAIM]))
        if judged is None or 1 not in labels:
            continue
        windows = window_texts(evidence, judged)
        near = similarities([row.claim], [windows], encoder)[0]
        if near is None:
            continue
        net = judged.marks.min(axis=0)
        found = mark_features(row.claim, item, net, near.nearest[: len(net)], windows)
        features.append(found[labels != UNKNOWN])
        truth.append(labels[labels != UNKNOWN] == 1)
    return LabelledTokens(np.vstack(features).astype(float), np.concatenate(truth))


def flag_f1(flagged: Bools, truth: Bools) -> float:
    """F1 of marking a token."""
    return 2 * float((flagged & truth).sum()) / max(float(flagged.sum() + truth.sum()), 1.0)


def fit_threshold(scores: Sequence[Doubles], truth: Sequence[Bools]) -> float:
    """The score above which marking gives the best F1, on average over the sets."""
    choices = np.quantile(np.concatenate(scores), np.linspace(0.02, 0.98, 97))
    return float(
        max(
            choices,
            key=lambda t: np.mean([flag_f1(s > t, y) for s, y in zip(scores, truth, strict=True)]),
        )
    )


def fit_tokens(sets: Sequence[LabelledTokens]) -> TokenHead:
    """Fit on several sets, each of which counts the same."""
    truth = [found.truth for found in sets]
    weights = fit_logistic(
        np.vstack([found.features for found in sets]),
        np.concatenate(truth).astype(float),
        np.concatenate([np.full(len(y), 1 / len(y)) for y in truth]),
    )
    logits = [found.features @ weights[:-1] + weights[-1] for found in sets]
    plain = fit_threshold([found.features[:, NET] for found in sets], truth)
    return TokenHead(plain, weights, fit_threshold(logits, truth))


def partly_unsupported(rows: Sequence[ClaimRow]) -> list[ClaimRow]:
    """Rows in which some words, but not all, are marked."""
    return [row for row in rows if any(row.unsupported) and not all(row.unsupported)]


def judged_claims(rows: Sequence[ClaimRow]) -> list[ClaimRow]:
    """The claims whose words people marked."""
    return [row for row in rows if row.source == "wice_tokens"]


def gather(args: argparse.Namespace, claims: ClaimSplits, encoder: OnnxEncoder) -> list[LabelledTokens]:
    """The sets to fit on: claims marked by people, and planted errors, none of which the net has seen."""
    checker, tokenizer = open_checker(args, args.model), load_tokenizer(args.model)
    planted = partly_unsupported(synthesise(split_qa(args.data).calibrate, PLANTED, args.seed + 1))
    sets = [labelled_tokens(checker, encoder, tokenizer, planted)]
    sets += [labelled_tokens(checker, encoder, tokenizer, judged_claims(claims.calibrate))]
    if args.unseen is not None:
        other = open_checker(args, args.unseen)
        sets += [labelled_tokens(other, encoder, tokenizer, judged_claims(claims.train))]
    return sets


def report(name: str, rows: int, found: LabelledTokens, head: TokenHead) -> str:
    """One JSON line: F1 of the marks, of the net alone, of marking missing words, of marking everything."""
    figures = {
        "f1": flag_f1(head.flagged(found.features), found.truth),
        "f1_net": flag_f1(found.features[:, NET] > head.plain, found.truth),
        "f1_missing_words": flag_f1(found.features[:, MISSING] > 0, found.truth),
        "f1_all_marked": flag_f1(np.ones_like(found.truth), found.truth),
    }
    return json.dumps({"data": name, "rows": rows, **{k: round(v, 4) for k, v in figures.items()}})


def main() -> None:
    """Write the fit into config.json; print the F1 on wice_tokens dev and on planted errors over dev."""
    parser = recipe_parser(__doc__)
    parser.add_argument("--unseen", type=Path)
    args = parser.parse_args()
    encoder, claims = open_encoder(args), split_claims(args.data)
    head = fit_tokens(gather(args, claims, encoder))
    entries = {
        "mark_threshold": round(head.plain, 4),
        f"{SIMILAR}mark_weights": head.weights.round(5).tolist(),
        f"{SIMILAR}mark_threshold": round(head.threshold, 4),
    }
    update_config(args.model, entries)
    checker, tokenizer = open_checker(args, args.model), load_tokenizer(args.model)
    dev = partly_unsupported(synthesise(split_qa(args.data).dev, PLANTED, args.seed + 2))
    for name, rows in (("wice_tokens dev", claims.checks["wice_tokens"]), ("synthetic dev", dev)):
        found = labelled_tokens(checker, encoder, tokenizer, rows)
        print(report(name, len(rows), found, head), flush=True)


if __name__ == "__main__":
    main()
