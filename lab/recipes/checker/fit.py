"""Fits the checker's heads: `python -m lab.recipes.checker.fit --data DIR --model FOLDER --encoder FOLDER`.

A head is two logistic regressions: supported or not, and, among what is not supported, contradicted or not.
One reads the net's view of the windows and the lexical alignment, the other the encoder's vectors as well.
They see rows that the net was not trained on; with `--unseen FOLDER` also the view of a second net on rows
of whole sources that this second net never saw, which tells how far to trust a net on a new field.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lab.recipes.checker.data import FAMILIES, ClaimSplits, split_claims
from lab.recipes.checker.synthetic import synthesise
from lab.recipes.logistic import Bools, Doubles, best_balance, fit_logistic, fit_signed, predict
from lab.recipes.reader.data import split_qa
from lab.recipes.records import ClaimRow, clean, read_rows, text_of
from lab.recipes.results import update_config
from rag.models import claims as alignment
from rag.models.checker import NET_FEATURES, SIMILAR, OnnxChecker, claim_features, evidence_windows
from rag.models.claims import similarities
from rag.models.encoder import OnnxEncoder
from rag.models.runtime import RuntimeOptions

PER_SOURCE = 150
SIGNS = (1, -1, 1, 1, 1, 1, 1, -1, 1, 1, 1)
"""How each feature may pull on "supported". Claim sets with planted errors are worded close to their
evidence, so an unbound fit learns that overlap speaks against support; in answers that people write it
speaks for it.
"""
WORDS = len(NET_FEATURES) + len(alignment.ALIGNMENT_FEATURES)
"""How many of the features need no encoder."""
NOT_LIKE_ANSWERS = ("dnc", "conjnli", "cad_nli", "sick", "wice")
"""Sources of templates and captions: they teach the net, but say little about model-written sentences. wice
has only partly supported claims here.
"""
UNSEEN = ("mrpc", "stsb", "pawsx_en_dev")
"""Sources of paraphrases that no net has seen."""


@dataclass(frozen=True)
class Heads:
    """What a fit gives: weights for "supported", weights for "contradicted" among the rest, and the
    threshold of the first.
    """

    support: Doubles
    contradiction: Doubles
    threshold: float


@dataclass(frozen=True)
class Examples:
    """Rows with their features [N,F]."""

    rows: list[ClaimRow]
    features: Doubles

    @property
    def supported(self) -> Bools:
        """Whether each row's claim is supported."""
        return np.array([row.label == "entailment" for row in self.rows])

    @property
    def sources(self) -> list[str]:
        """Each row's source."""
        return [row.source.split("/")[0] for row in self.rows]

    def pick(self, places: Sequence[int]) -> Examples:
        """The examples at `places`."""
        return Examples([self.rows[i] for i in places], self.features[list(places)])

    def joined(self, other: Examples) -> Examples:
        """These and the other examples."""
        return Examples([*self.rows, *other.rows], np.vstack([self.features, other.features]))


def passages_of(row: ClaimRow, size: int = 1200) -> list[str]:
    """The row's evidence as the service would hand it over: passages of about `size` characters."""
    passages = [""]
    for sentence in row.sentences:
        if passages[-1] and len(passages[-1]) + len(sentence) > size:
            passages.append("")
        passages[-1] = f"{passages[-1]} {sentence}".strip()
    return passages


def features_of(
    checker: OnnxChecker, encoder: OnnxEncoder | None, rows: Sequence[ClaimRow], block: int = 32
) -> Doubles:
    """Features [N,F] of each row, in blocks of claims; without an encoder those of the net and the words.

    Raises ValueError for a row without words.
    """
    found: list[list[float]] = []
    for start in range(0, len(rows), block):
        part = rows[start : start + block]
        claims, evidence = [row.claim for row in part], [passages_of(row) for row in part]
        judged = checker.judge(claims, evidence)
        windows = evidence_windows(evidence, judged)
        near = similarities(claims, windows, encoder) if encoder else [None] * len(claims)
        for claim, texts, item, alike in zip(claims, windows, judged, near, strict=True):
            if item is None:
                raise ValueError(f"a row without words: {claim!r}")
            found.append(claim_features(claim, texts, item, alike))
    return np.array(found)


def paraphrase_rows(data: Path, seed: int) -> list[ClaimRow]:
    """Sentence pairs of sources that the net never saw: with them the head learns how far to trust the net
    elsewhere.

    A paraphrase (mrpc, pawsx), or a pair that people scored 4 of 5 or more alike (stsb), counts as
    supported; one below 3, or no paraphrase, as not supported.
    """
    rng = random.Random(seed)
    kept: list[ClaimRow] = []
    for name in UNSEEN:
        path = data / "pairs" / f"{name}.jsonl.gz"
        rows = [row for row in read_rows(path) if row["split"] != "test"] if path.exists() else []
        for row in rng.sample(rows, min(len(rows), 2 * PER_SOURCE)):
            alike = float(str(row["score"])) if "score" in row else 5.0 * float(str(row["label"]))
            label = "entailment" if alike >= 4 else "not_entailment"
            evidence, claim = clean(text_of(row, "a")), clean(text_of(row, "b"))
            if not 3 <= alike < 4:
                kept.append(ClaimRow(name, "train", evidence, claim, (evidence,), label))
    return kept


def sampled(rows: Sequence[ClaimRow], most: int, rng: random.Random) -> list[ClaimRow]:
    """At most `most` rows of each source, drawn at random."""
    seen: Counter[str] = Counter()
    kept = []
    for row in rng.sample(list(rows), len(rows)):
        source = row.source.split("/")[0]
        seen[source] += 1
        kept += [row] if seen[source] <= most else []
    return kept


def held_rows(data: Path, seed: int) -> list[ClaimRow]:
    """Calibration rows of each source, synthetic claims over passages that no net was trained on, and
    paraphrases of unseen sources.
    """
    rng = random.Random(seed)
    known = [r for r in split_claims(data).calibrate if not r.source.startswith(NOT_LIKE_ANSWERS)]
    planted = synthesise(split_qa(data).calibrate, PER_SOURCE, seed + 1)
    return sampled(known, PER_SOURCE, rng) + planted + paraphrase_rows(data, seed + 2)


def unseen_rows(splits: ClaimSplits, seed: int) -> list[ClaimRow]:
    """Rows of the sources that a leave-out net never saw, none of them from a check."""
    rows = [
        row
        for row in splits.train + splits.calibrate
        if row.source.startswith(FAMILIES) and not row.source.startswith(NOT_LIKE_ANSWERS)
    ]
    return sampled(rows, PER_SOURCE, random.Random(seed))


def sample_weights(sources: Sequence[str]) -> Doubles:
    """Each source counts the same."""
    counts = Counter(sources)
    return np.array([1.0 / counts[source] for source in sources])


def fit_head(examples: Examples) -> Heads:
    """Fit both regressions and the threshold."""
    weights, features = sample_weights(examples.sources), examples.features
    support = fit_signed(features, examples.supported.astype(float), weights, SIGNS[: features.shape[1]])
    known = np.array([row.label in ("contradiction", "neutral") for row in examples.rows])
    against = np.array([row.label == "contradiction" for row in examples.rows], float)
    contradiction = fit_logistic(features[known], against[known], weights[known])
    chances = predict(support, features)
    return Heads(support, contradiction, best_balance(chances, examples.supported, examples.sources))


def head_config(prefix: str, heads: Heads) -> dict[str, object]:
    """The entries of config.json under `prefix`."""
    return {
        f"{prefix}support_weights": heads.support.round(6).tolist(),
        f"{prefix}contradiction_weights": heads.contradiction.round(6).tolist(),
        f"{prefix}support_threshold": round(heads.threshold, 4),
    }


def recipe_parser(text: str | None) -> argparse.ArgumentParser:
    """The arguments that every recipe over a finished checker takes."""
    parser = argparse.ArgumentParser(description=text)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--precision", choices=("float", "int8"), default="float")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    return parser


def open_checker(args: argparse.Namespace, folder: Path) -> OnnxChecker:
    """A checker as the arguments want it."""
    return OnnxChecker("checker", folder, RuntimeOptions(args.threads, args.precision))


def open_encoder(args: argparse.Namespace) -> OnnxEncoder:
    """The encoder as the arguments want it."""
    return OnnxEncoder("encoder", args.encoder, RuntimeOptions(args.threads, args.precision))


def gather(args: argparse.Namespace) -> Examples:
    """The rows to fit on, with their features."""
    encoder = open_encoder(args)
    rows = held_rows(args.data, args.seed)
    found = Examples(rows, features_of(open_checker(args, args.model), encoder, rows))
    if args.unseen is None:
        return found
    more = unseen_rows(split_claims(args.data), args.seed)
    return found.joined(Examples(more, features_of(open_checker(args, args.unseen), encoder, more)))


def main() -> None:
    """Write the fitted heads into the model's config.json."""
    parser = recipe_parser(__doc__)
    parser.add_argument("--unseen", type=Path)
    args = parser.parse_args()
    examples = gather(args)
    entries = head_config("", fit_head(Examples(examples.rows, examples.features[:, :WORDS])))
    entries |= head_config(SIMILAR, fit_head(examples))
    entries[f"{SIMILAR}encoder"] = open_encoder(args).info.revision
    update_config(args.model, entries)


if __name__ == "__main__":
    main()
