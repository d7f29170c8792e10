"""Fits the reader's probabilities: `python -m adapt.calibrate_reader --data DIR --negatives FILE --model
FOLDER`.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from adapt.answers import best_f1
from adapt.logistic import Doubles, fit_logistic
from adapt.qa_data import split_qa
from adapt.reader_pack import load_negatives
from adapt.records import QaRow
from rag.models.reader import Found, OnnxReader, presence_features

RIGHT = 0.5


@dataclass(frozen=True)
class Case:
    """A question over a few passages; `gold` is the place of the one that answers, or -1."""

    question: str
    passages: list[str]
    gold: int
    answers: list[str]


def cases(
    rows: Sequence[QaRow], negatives: Sequence[Sequence[str]], seed: int, others: int = 3
) -> list[Case]:
    """Half of the answerable questions with their passage among `others` hard negatives, half with these
    alone.
    """
    rng = random.Random(seed)
    made = []
    for row, wrong in zip(rows, negatives, strict=True):
        kept = list(wrong[:others])
        answers = [row.context[s.start : s.end] for s in row.spans]
        if not row.spans or rng.random() < 0.5:
            kept.insert(rng.randint(0, len(kept)), row.context)
        gold = kept.index(row.context) if row.spans and row.context in kept else -1
        made.append(Case(row.question, kept, gold, answers))
    return [case for case in made if case.passages]


def is_right(case: Case, found: Found) -> bool:
    """Whether a span answers: it lies in the right passage and shares at least half of an answer (F1)."""
    text = case.passages[found.passage][found.start : found.end]
    return found.passage == case.gold and best_f1(text, case.answers) >= RIGHT


def answer_rows(found: Sequence[Found]) -> Doubles:
    """The calibration's features of spans: [N,3]."""
    return np.array([[item.margin, item.chance, item.relevance] for item in found], float)


def fit(reader: OnnxReader, held: Sequence[Case]) -> tuple[Doubles, Doubles]:
    """Weights of a span's probability and of the probability that some passage answers."""
    pairs = [(case, reader.spans(case.question, case.passages)) for case in held]
    pairs = [(case, found) for case, found in pairs if found]
    spans = [(case, item) for case, found in pairs for item in found[:4]]
    right = np.array([is_right(case, item) for case, item in spans], float)
    answer = fit_logistic(answer_rows([item for _, item in spans]), right, np.ones(len(spans)))
    present = np.array([case.gold >= 0 for case, _ in pairs], float)
    features = np.array([presence_features(found) for _, found in pairs], float)
    return answer, fit_logistic(features, present, np.ones(len(pairs)))


def main() -> None:
    """Write the fitted weights into the model's config.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--negatives", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    held = split_qa(args.data).calibrate
    negatives = load_negatives(args.negatives, "calibrate", 3)
    answer, presence = fit(OnnxReader("reader", args.model), cases(held, negatives, args.seed))
    path = args.model / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config |= {"answer_weights": answer.round(6).tolist(), "presence_weights": presence.round(6).tolist()}
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
