"""Fits the checker's head: `python -m adapt.fit_checker --data DIR --model FOLDER`.

The head is two logistic regressions over the net's view of the windows and the lexical alignment: supported
or not, and, among what is not supported, contradicted or not. It sees rows that the net was not trained on.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from adapt.claim_data import clean, split_claims
from adapt.logistic import Doubles, best_threshold, fit_logistic, fit_signed, predict
from adapt.qa_data import split_qa
from adapt.records import ClaimRow, read_rows, text_of
from adapt.synthetic import synthesise
from rag.models.alignment import align
from rag.models.checker import OnnxChecker, net_features

PER_SOURCE = 300
SIGNS = (1, -1, 1, 1, 1, 1, 1, -1)
"""How each feature may pull on "supported". Claim sets with planted errors are worded close to their
evidence, so an unbound fit learns that overlap speaks against support; in answers that people write it
speaks for it.
"""
NOT_LIKE_ANSWERS = ("dnc", "conjnli", "cad_nli", "sick")
"""Sources of templates and captions: they teach the net, but say little about model-written sentences."""
UNSEEN = ("mrpc", "stsb", "pawsx_en_dev")
LONG = ("fever_eraser", "fm2", "synthetic", "wice_tokens", "scifact")


def passages_of(row: ClaimRow, size: int = 1200) -> list[str]:
    """The row's evidence as the service would hand it over: passages of about `size` characters."""
    passages = [""]
    for sentence in row.sentences:
        if passages[-1] and len(passages[-1]) + len(sentence) > size:
            passages.append("")
        passages[-1] = f"{passages[-1]} {sentence}".strip()
    return passages


def features_of(checker: OnnxChecker, rows: Sequence[ClaimRow], block: int = 64) -> Doubles:
    """Net and lexical features [N,F] of each row, in blocks of claims."""
    found: list[list[float]] = []
    for start in range(0, len(rows), block):
        part = rows[start : start + block]
        evidence = [passages_of(row) for row in part]
        judged = checker.judge([row.claim for row in part], evidence)
        for row, passages, item in zip(part, evidence, judged, strict=True):
            if item is None:
                raise ValueError(f"a row without words: {row.source} {row.claim!r}")
            found.append(net_features(item) + align(row.claim, passages))
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


def held_rows(data: Path, seed: int) -> list[ClaimRow]:
    """Up to 300 calibration rows of each source, synthetic claims over passages that no net was trained on,
    and paraphrases of unseen sources.
    """
    rng = random.Random(seed)
    rows = split_claims(data).calibrate
    rng.shuffle(rows)
    seen: Counter[str] = Counter()
    kept = []
    for row in rows:
        source = row.source.split("/")[0]
        seen[source] += 1
        kept += [row] if seen[source] <= PER_SOURCE and source not in NOT_LIKE_ANSWERS else []
    planted = synthesise(split_qa(data).calibrate, PER_SOURCE * 2, seed + 1)
    return kept + planted + paraphrase_rows(data, seed + 2)


def sample_weights(rows: Sequence[ClaimRow]) -> Doubles:
    """Each source counts the same; long evidence, and sources that the net never saw, three times."""
    counts = Counter(row.source for row in rows)
    return np.array(
        [(3.0 if row.source.startswith((*LONG, *UNSEEN)) else 1.0) / counts[row.source] for row in rows]
    )


def fit_head(rows: Sequence[ClaimRow], features: Doubles) -> tuple[Doubles, Doubles, float]:
    """Weights for "supported", weights for "contradicted" among the rest, and the threshold of the first."""
    weights = sample_weights(rows)
    supported = np.array([row.label == "entailment" for row in rows])
    support = fit_signed(features, supported.astype(float), weights, SIGNS)
    known = np.array([row.label in ("contradiction", "neutral") for row in rows])
    against = np.array([row.label == "contradiction" for row in rows], float)
    contradiction = fit_logistic(features[known], against[known], weights[known])
    return support, contradiction, threshold_over_sources(rows, predict(support, features), supported)


def threshold_over_sources(
    rows: Sequence[ClaimRow], chances: Doubles, supported: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> float:
    """The threshold with the best balanced accuracy over the sources with long evidence (all, if there are
    none).
    """
    long = np.array([row.source.startswith(LONG) for row in rows])
    chosen = long if long.any() and len(set(supported[long].tolist())) == 2 else np.ones(len(rows), bool)
    return best_threshold(chances[chosen], supported[chosen])


def cross_fitted(rows: Sequence[ClaimRow], features: Doubles, folds: int = 5) -> Doubles:
    """Support probabilities of each row from a head that was fitted on other rows (groups stay together)."""
    groups: dict[str, list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        groups[row.group].append(i)
    chances = np.zeros(len(rows))
    order = sorted(groups)
    for fold in range(folds):
        out = [i for g in order[fold::folds] for i in groups[g]]
        kept = sorted(set(range(len(rows))) - set(out))
        support, _, _ = fit_head([rows[i] for i in kept], features[kept])
        chances[out] = predict(support, features[out])
    return chances


def main() -> None:
    """Write the fitted head into the model's config.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rows = held_rows(args.data, args.seed)
    support, contradiction, threshold = fit_head(rows, features_of(OnnxChecker("checker", args.model), rows))
    path = args.model / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config |= {
        "support_weights": support.round(6).tolist(),
        "contradiction_weights": contradiction.round(6).tolist(),
        "support_threshold": round(threshold, 4),
    }
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
