"""Fits the threshold of the token marks and scores them: `python -m adapt.fit_marks --data DIR --model
FOLDER`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from adapt.backbone import load_tokenizer
from adapt.checker_pack import MAX_CLAIM, UNKNOWN, token_marks
from adapt.claim_data import split_claims
from adapt.export import write_config
from adapt.fit_checker import passages_of
from adapt.logistic import Doubles
from adapt.qa_data import split_qa
from adapt.records import ClaimRow
from adapt.synthetic import synthesise
from rag.models.alignment import stem, words_of
from rag.models.checker import OnnxChecker


@dataclass(frozen=True)
class Marked:
    """Claim tokens of many rows: the net's logit, whether people marked the token, whether its word is
    missing in the evidence (the trivial marker).
    """

    logits: Doubles
    truth: Doubles
    missing: Doubles


def marked_tokens(checker: OnnxChecker, tokenizer: Tokenizer, rows: Sequence[ClaimRow]) -> Marked:
    """The known claim tokens of rows that have at least one mark."""
    parts: list[tuple[float, int, bool]] = []
    for row in rows:
        evidence = passages_of(row)
        judged = checker.judge([row.claim], [evidence])[0]
        offsets = tokenizer.encode(row.claim, add_special_tokens=False).offsets[:MAX_CLAIM]
        marks = token_marks(row, offsets)
        if judged is None or 1 not in marks:
            continue
        there = {s for text in evidence for s in words_of(text).stems}
        absent = [stem(row.claim[a:b].lower()) not in there for a, b in offsets]
        lines = zip(judged.marks.min(axis=0).tolist(), marks, absent, strict=True)
        parts += [line for line in lines if line[1] != UNKNOWN]
    logits, truth, missing = (np.array(column, float) for column in zip(*parts, strict=True))
    return Marked(logits, truth, missing)


def mark_f1(said: Doubles, truth: Doubles) -> float:
    """F1 of marking a token."""
    right = float((said * truth).sum())
    return 2 * right / max(float(said.sum() + truth.sum()), 1.0)


def fit_threshold(marked: Marked) -> float:
    """The logit with the best F1."""
    choices = np.quantile(marked.logits, np.linspace(0.02, 0.98, 97))
    return float(max(choices, key=lambda t: mark_f1((marked.logits > t).astype(float), marked.truth)))


def with_marks(rows: Sequence[ClaimRow]) -> list[ClaimRow]:
    """Rows in which some words, but not all, are marked."""
    return [row for row in rows if any(row.marks) and not all(row.marks)]


def main() -> None:
    """Write `mark_threshold` into config.json; print the F1 on wice_tokens dev and on synthetic claims over
    dev.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    checker, tokenizer = OnnxChecker("checker", args.model), load_tokenizer(args.model)
    claims, questions = split_claims(args.data), split_qa(args.data)
    held = [row for row in claims.calibrate if row.source == "wice_tokens"]
    held += with_marks(synthesise(questions.calibrate, 400, args.seed + 1))
    threshold = fit_threshold(marked_tokens(checker, tokenizer, held))
    path = args.model / "config.json"
    write_config(
        args.model, json.loads(path.read_text(encoding="utf-8")) | {"mark_threshold": round(threshold, 4)}
    )
    dev = with_marks(synthesise(questions.dev, 400, args.seed + 2))
    for name, rows in (("wice_tokens dev", claims.checks["wice_tokens"]), ("synthetic dev", dev)):
        found = marked_tokens(checker, tokenizer, rows)
        said = (found.logits > threshold).astype(float)
        everything = mark_f1(np.ones_like(found.truth), found.truth)
        figures = {"f1": mark_f1(said, found.truth), "f1_missing_words": mark_f1(found.missing, found.truth)}
        print(
            json.dumps({"data": name, "rows": len(rows), **figures, "f1_all_marked": everything}), flush=True
        )


if __name__ == "__main__":
    main()
