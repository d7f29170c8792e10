"""Fits the reader's probabilities.

`python -m lab.recipes.reader.fit --data DIR --negatives FILE --model FOLDER`
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eval.reading import f1
from lab.recipes.logistic import Doubles, fit_logistic, predict
from lab.recipes.reader.batches import load_negatives
from lab.recipes.reader.coverage import Prediction, thresholds
from lab.recipes.reader.data import split_qa
from lab.recipes.reader.mine import holds
from lab.recipes.records import QaRow
from lab.recipes.results import update_config
from rag.models.reader import OnnxReader, SpanCandidate, answer_features, presence_features
from rag.models.runtime import RuntimeOptions
from rag.text.sentences import evidence_sentences

RIGHT = 0.5
ACCURACIES = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


@dataclass(frozen=True)
class Case:
    """A question over a few passages; `gold` is the place of the one that answers, or -1."""

    question: str
    passages: list[str]
    gold: int
    answers: list[str]


def cases(
    rows: Sequence[QaRow],
    negatives: Sequence[Sequence[str]],
    seed: int,
    others: int = 4,
    present: float = 0.75,
) -> list[Case]:
    """Questions over `others` hard negatives; `present` of the answerable ones have their own passage
    besides, the rest one more negative instead.
    """
    rng = random.Random(seed)
    made = []
    for row, wrong in zip(rows, negatives, strict=True):
        there = not row.spans or rng.random() < present
        kept = list(wrong[: others if there else others + 1])
        if there:
            kept.insert(rng.randint(0, len(kept)), row.context)
        gold = kept.index(row.context) if row.spans and there else -1
        answers = [row.context[s.start : s.end] for s in row.spans]
        made.append(Case(row.question, kept, gold, answers))
    return [case for case in made if case.passages]


def is_right(case: Case, found: SpanCandidate) -> bool:
    """Whether a span answers: it lies in the right passage and shares at least half of an answer (F1)."""
    text = case.passages[found.passage][found.start : found.end]
    return found.passage == case.gold and f1(case.answers, text) >= RIGHT


def is_quoted(case: Case, found: SpanCandidate) -> bool:
    """Whether the sentences that a span touches (what is shown) hold an answer, or are of one that is
    longer than they.
    """
    quote = quoted(case.passages[found.passage], found.start, found.end)
    return found.passage == case.gold and any(holds(quote, a) or holds(a, quote) for a in case.answers)


def quoted(text: str, start: int, end: int) -> str:
    """The sentences that the span touches."""
    touched = [s for s in evidence_sentences(text) if s[0] < end and s[1] > start]
    return text[touched[0][0] : touched[-1][1]] if touched else ""


@dataclass(frozen=True)
class Fitted:
    """What goes into config.json: weights of a span's probability, of that of the sentences quoted around it
    and of the presence of an answer, and from which probability on so many of the quotes were right.
    """

    answer_weights: Doubles
    quote_weights: Doubles
    presence_weights: Doubles
    thresholds: Doubles


def top_answers(
    weights: Doubles, quoting: Doubles, read: Sequence[tuple[Case, list[SpanCandidate]]]
) -> list[Prediction]:
    """The most probable span of each case: probability of the quote around it, and whether that is right."""
    predictions = []
    for case, found in read:
        features = np.array(answer_features(found), float)
        place = int(np.argmax(predict(weights, features)))
        probability = float(predict(quoting, features)[place])
        predictions.append(Prediction(probability, is_quoted(case, found[place])))
    return predictions


def fit(reader: OnnxReader, held: Sequence[Case], most: int = 3) -> Fitted:
    """Fit on the `most` best spans of each case whether span and quote are right; thresholds on the single
    best.
    """
    read = [(case, reader.spans(case.question, case.passages)) for case in held]
    read = [(case, found) for case, found in read if found]
    features, right, shown = [], [], []
    for case, found in read:
        rows = answer_features(found)
        features += rows[:most]
        right += [is_right(case, item) for item in found[:most]]
        shown += [is_quoted(case, item) for item in found[:most]]
    weights, quoting = (
        fit_logistic(np.array(features), np.array(labels, float), np.ones(len(labels)))
        for labels in (right, shown)
    )
    present = np.array([case.gold >= 0 for case, _ in read], float)
    presence = fit_logistic(
        np.array([presence_features(found) for _, found in read], float), present, np.ones(len(read))
    )
    return Fitted(weights, quoting, presence, thresholds(top_answers(weights, quoting, read), ACCURACIES))


def write_fit(folder: Path, fitted: Fitted) -> None:
    """Put the fitted numbers into FOLDER/config.json."""
    entries = {
        "answer_weights": fitted.answer_weights.round(6).tolist(),
        "quote_weights": fitted.quote_weights.round(6).tolist(),
        "presence_weights": fitted.presence_weights.round(6).tolist(),
        "accuracies": list(ACCURACIES),
        "thresholds": fitted.thresholds.round(4).tolist(),
    }
    update_config(folder, entries)


def main() -> None:
    """Write the fitted weights into the model's config.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--negatives", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--precision", choices=("float", "int8"), default="int8")
    parser.add_argument("--most", type=int, default=1200, help="questions to read")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    held = split_qa(args.data).calibrate
    made = cases(held, load_negatives(args.negatives, "calibrate", 5), args.seed)
    chosen = random.Random(args.seed).sample(made, min(args.most, len(made)))
    reader = OnnxReader("reader", args.model, RuntimeOptions(precision=args.precision))
    write_fit(args.model, fit(reader, chosen))


if __name__ == "__main__":
    main()
