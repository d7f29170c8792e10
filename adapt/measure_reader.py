"""Scores a reader on questions it never saw: `python -m adapt.measure_reader --data DIR --model FOLDER
--encoder FOLDER`.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from adapt.answers import best_f1, exact, first_sentence
from adapt.calibrate_reader import Case, is_right
from adapt.logistic import bootstrap, calibration_error
from adapt.mine import Bm25, Floats, best, hybrid, standardise
from adapt.mine_reader import holds_answer
from adapt.qa_data import load_set, split_qa
from adapt.records import QaRow
from rag.models.encoder import OnnxEncoder
from rag.models.reader import Found, OnnxReader


@dataclass(frozen=True)
class Line:
    """One printed figure: its set, its name, its mean with a bootstrap interval, how many questions."""

    data: str
    measure: str
    values: list[float]

    def __str__(self) -> str:
        return json.dumps(
            {
                "data": self.data,
                "measure": self.measure,
                "n": len(self.values),
                "mean": str(bootstrap(self.values)),
            }
        )


def answers_of(row: QaRow) -> list[str]:
    """The right answers' texts."""
    return [row.context[s.start : s.end] for s in row.spans]


def span_lines(reader: OnnxReader, name: str, rows: Sequence[QaRow]) -> list[Line]:
    """Answer F1 and exact match with the right passage given, beside the first sentence's F1."""
    f1s, exacts, firsts = [], [], []
    for row in rows:
        found = reader.read(row.question, [row.context], top=1).readings
        said, golds = found[0].text if found else "", answers_of(row)
        f1s.append(best_f1(said, golds))
        exacts.append(exact(said, golds))
        firsts.append(best_f1(first_sentence(row.context), golds))
    return [Line(name, "f1", f1s), Line(name, "exact", exacts), Line(name, "f1_first_sentence", firsts)]


def abstain_lines(reader: OnnxReader, name: str, rows: Sequence[QaRow]) -> list[Line]:
    """Answer-or-abstain F1: silence is right where the passage holds no answer; beside always answering,
    and silence.
    """
    decided, always, silent = [], [], []
    for row in rows:
        result, golds = reader.read(row.question, [row.context], top=1), answers_of(row)
        said = result.readings[0].text if result.readings else ""
        decided.append(best_f1(said if result.no_answer_probability < 0.5 else "", golds))
        always.append(best_f1(said, golds))
        silent.append(best_f1("", golds))
    names = ("f1_or_abstain", "f1_always_answer", "f1_always_abstain")
    return [Line(name, m, v) for m, v in zip(names, (decided, always, silent), strict=True)]


@dataclass(frozen=True)
class Ranked:
    """A question's hybrid candidates in hybrid order with their scores; `gold` is the right one's place."""

    question: str
    passages: list[str]
    hybrid: Floats
    gold: int


def candidates(
    rows: Sequence[QaRow], pool: Sequence[str], encoder: OnnxEncoder, depth: int = 20
) -> list[Ranked]:
    """Hybrid top `depth` of each question among `pool`, without other paragraphs that hold the answer.

    Questions whose own paragraph is not among them are left out: no reranker could find it.
    """
    vectors = np.stack([item.dense for item in encoder.encode_passages(pool)])
    asked = np.stack([item.dense for item in encoder.encode_queries([row.question for row in rows])])
    scores = hybrid(asked @ vectors.T, Bm25(pool).scores([row.question for row in rows]))
    made = []
    for row, order, line in zip(rows, best(scores, depth).tolist(), scores, strict=True):
        kept = [i for i in order if pool[i] == row.context or not holds_answer(row, pool[i])]
        texts = [pool[i] for i in kept]
        if row.context in texts:
            made.append(Ranked(row.question, texts, line[kept], texts.index(row.context)))
    return made


def reciprocal(scores: Floats, gold: int) -> float:
    """1 / rank of the right passage."""
    return 1.0 / (1 + int((scores > scores[gold]).sum()))


def rank_lines(reader: OnnxReader, name: str, asked: Sequence[Ranked]) -> list[Line]:
    """Mean reciprocal rank of the right paragraph by the hybrid order, by the reader, and by both
    standardised and added.
    """
    orders: dict[str, list[float]] = {
        "mrr_hybrid": [],
        "mrr_reader": [],
        "mrr_both": [],
        "mrr_gain_of_both": [],
    }
    for item in asked:
        relevance = reader.relevance(item.question, item.passages)
        both = standardise(relevance[None])[0] + standardise(item.hybrid[None])[0]
        orders["mrr_hybrid"].append(reciprocal(item.hybrid, item.gold))
        orders["mrr_reader"].append(reciprocal(relevance, item.gold))
        orders["mrr_both"].append(reciprocal(both, item.gold))
        orders["mrr_gain_of_both"].append(orders["mrr_both"][-1] - orders["mrr_hybrid"][-1])
    return [Line(name, measure, values) for measure, values in orders.items()]


def open_lines(
    reader: OnnxReader, name: str, asked: Sequence[Ranked], rows: Sequence[QaRow], depth: int = 5
) -> list[Line]:
    """Reading the hybrid top `depth`: is the first answer right, and does its probability say so
    (calibration error)?
    """
    right, sure = [], []
    golds = {row.question: answers_of(row) for row in rows}
    for item in asked:
        passages = item.passages[:depth]
        found = reader.read(item.question, passages, top=1).readings
        case = Case(item.question, passages, item.gold if item.gold < depth else -1, golds[item.question])
        best_one = found[0]
        span = Found(best_one.passage, best_one.start, best_one.end, 0.0, 0.0, 0.0)
        right.append(float(is_right(case, span)))
        sure.append(best_one.probability)
    error = calibration_error(np.array(sure), np.array(right))
    return [
        Line(name, "open_right", right),
        Line(name, "open_probability", sure),
        Line(name, "open_ece", [error]),
    ]


def paragraphs(data: Path, dev: Sequence[QaRow], size: int, rng: random.Random) -> list[str]:
    """The paragraphs to rank: all of dev's, and others of the same set up to `size`."""
    own = sorted({row.context for row in dev})
    others = sorted({row.context for row in load_set(data, "qed_nq")} - set(own))
    return sorted(own + rng.sample(others, min(len(others), max(0, size - len(own)))))


def main() -> None:
    """Print one JSON line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--most", type=int, default=800)
    parser.add_argument("--ranked", type=int, default=300)
    parser.add_argument("--pool", type=int, default=4000)
    args = parser.parse_args()
    reader, splits, rng = OnnxReader("reader", args.model), split_qa(args.data), random.Random(1)
    sets = {"qed_nq dev": splits.dev, **splits.checks}
    for name, rows in sets.items():
        chosen = rng.sample(rows, min(args.most, len(rows)))
        lines = abstain_lines if name == "subjqa_test" else span_lines
        print(*lines(reader, name, chosen), sep="\n", flush=True)
    pool = paragraphs(args.data, splits.dev, args.pool, rng)
    chosen = rng.sample(splits.dev, min(args.ranked, len(splits.dev)))
    asked = candidates(chosen, pool, OnnxEncoder("encoder", args.encoder))
    print(*rank_lines(reader, "qed_nq dev", asked), sep="\n", flush=True)
    print(*open_lines(reader, "qed_nq dev", asked, chosen), sep="\n", flush=True)


if __name__ == "__main__":
    main()
