"""Scores a reader on questions it never saw.

`python -m lab.recipes.reader.measure --data DIR --model FOLDER --encoder FOLDER`. With `--left-out`, a reader
that was trained `--without` some sources on just these.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eval.reading import exact_match, f1
from eval.statistics import calibration_error
from lab.recipes.mining import Bm25, Floats, best, hybrid, standardise
from lab.recipes.reader.coverage import Prediction, at_threshold, curve, svg
from lab.recipes.reader.data import load_set, normal, split_qa
from lab.recipes.reader.fit import Case, is_quoted, is_right, quoted
from lab.recipes.reader.mine import holds_answer
from lab.recipes.records import QaRow
from lab.recipes.results import mean_text
from rag.models.encoder import OnnxEncoder
from rag.models.reader import OnnxReader, SpanCandidate
from rag.models.runtime import RuntimeOptions
from rag.text.sentences import evidence_sentences


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
                "mean": mean_text(self.values),
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
        answer, golds = found[0].text if found else "", answers_of(row)
        f1s.append(f1(golds, answer))
        exacts.append(exact_match(golds, answer))
        firsts.append(f1(golds, first_sentence(row.context)))
    return [Line(name, "f1", f1s), Line(name, "exact", exacts), Line(name, "f1_first_sentence", firsts)]


def first_sentence(passage: str) -> str:
    """The trivial reader: whatever is asked, the passage's first sentence."""
    start, end = evidence_sentences(passage)[0]
    return passage[start:end]


def abstain_lines(
    reader: OnnxReader, name: str, rows: Sequence[QaRow], sentences: bool = False
) -> list[Line]:
    """Answer-or-abstain F1: silence is right where the passage holds no answer; beside always answering,
    and silence. With `sentences` the answer is what is quoted around the span, against all of the evidence.
    """
    decided, always, silent = [], [], []
    for row in rows:
        result, golds = reader.read(row.question, [row.context], top=1), answers_of(row)
        answer = result.readings[0].text if result.readings else ""
        if sentences and result.readings:
            answer = quoted(row.context, result.readings[0].start, result.readings[0].end)
            golds = [" ".join(golds)] if golds else []
        decided.append(f1(golds, answer if result.no_answer_probability < 0.5 else ""))
        always.append(f1(golds, answer))
        silent.append(f1(golds, ""))
    names = ("f1_or_abstain", "f1_always_answer", "f1_always_abstain")
    return [Line(name, m, v) for m, v in zip(names, (decided, always, silent), strict=True)]


@dataclass(frozen=True)
class Ranked:
    """A question's hybrid candidates in hybrid order with their scores; `gold` is the right one's place, -1
    where none of them answers.
    """

    question: str
    answers: list[str]
    passages: list[str]
    hybrid: Floats
    gold: int


def candidates(
    rows: Sequence[QaRow], pool: Sequence[str], encoder: OnnxEncoder, depth: int = 20
) -> list[Ranked]:
    """Hybrid top `depth` of each question among `pool`, without other paragraphs that hold the answer."""
    vectors = np.stack([item.dense for item in encoder.encode_passages(pool)])
    asked = np.stack([item.dense for item in encoder.encode_queries([row.question for row in rows])])
    scores = hybrid(asked @ vectors.T, Bm25(pool).scores([row.question for row in rows]))
    made = []
    for row, order, line in zip(rows, best(scores, depth).tolist(), scores, strict=True):
        kept = [i for i in order if pool[i] == row.context or not holds_answer(row, pool[i])]
        texts = [pool[i] for i in kept]
        gold = texts.index(row.context) if row.spans and row.context in texts else -1
        made.append(Ranked(row.question, answers_of(row), texts, line[kept], gold))
    return made


def reciprocal(scores: Floats, gold: int) -> float:
    """1 / rank of the right passage."""
    return 1.0 / (1 + int((scores > scores[gold]).sum()))


def rank_lines(reader: OnnxReader, name: str, asked: Sequence[Ranked]) -> list[Line]:
    """Mean reciprocal rank of the right paragraph by the hybrid order, by the reader, and by both
    standardised and added. Questions whose paragraph is not among the candidates are left out: no reranker
    could find it.
    """
    orders: dict[str, list[float]] = {
        "mrr_hybrid": [],
        "mrr_reader": [],
        "mrr_both": [],
        "mrr_gain_of_both": [],
    }
    for item in asked:
        if item.gold < 0:
            continue
        relevance = reader.relevance(item.question, item.passages)
        both = standardise(relevance[None])[0] + standardise(item.hybrid[None])[0]
        orders["mrr_hybrid"].append(reciprocal(item.hybrid, item.gold))
        orders["mrr_reader"].append(reciprocal(relevance, item.gold))
        orders["mrr_both"].append(reciprocal(both, item.gold))
        orders["mrr_gain_of_both"].append(orders["mrr_both"][-1] - orders["mrr_hybrid"][-1])
    return [Line(name, measure, values) for measure, values in orders.items()]


@dataclass(frozen=True)
class Opened:
    """The first answers over several passages: judged as spans, and as the sentences quoted around them."""

    spans: list[Prediction]
    quotes: list[Prediction]


def open_answers(reader: OnnxReader, asked: Sequence[Ranked], depth: int = 5) -> Opened:
    """Read the hybrid top `depth` of each question and judge the first answer."""
    opened = Opened([], [])
    for item in asked:
        passages = item.passages[:depth]
        readings = reader.read(item.question, passages, top=1).readings
        if not readings:
            continue
        case = Case(item.question, passages, item.gold if item.gold < depth else -1, item.answers)
        first = readings[0]
        span = SpanCandidate(first.passage, first.start, first.end, 0.0, 0.0, 0.0)
        opened.spans.append(Prediction(first.probability, is_right(case, span)))
        opened.quotes.append(Prediction(first.probability, is_quoted(case, span)))
    return opened


def open_lines(name: str, opened: Opened) -> list[Line]:
    """How often span and quote are right, and whether the probability is that of the quote."""
    probabilities = [each.probability for each in opened.quotes]
    correct = [float(each.correct) for each in opened.quotes]
    risk = curve(opened.quotes)
    return [
        Line(name, "open_right", [float(each.correct) for each in opened.spans]),
        Line(name, "open_quote_right", correct),
        Line(name, "open_probability", probabilities),
        Line(name, "open_ece", [calibration_error(probabilities, correct)]),
        Line(name, "open_aurc", [risk.aurc]),
        Line(name, "open_aurc_best_possible", [risk.best]),
    ]


def coverage_rows(reader: OnnxReader, name: str, opened: Opened) -> list[str]:
    """For each accuracy asked for: the share answered and the accuracy that came of it, as JSON lines."""
    rows = []
    for wanted in (0.6, 0.7, 0.75, 0.8, 0.9, 0.95):
        threshold = reader.threshold(wanted)
        coverage, accuracy = at_threshold(opened.quotes, threshold)
        row = {
            "data": name,
            "accuracy_wanted": wanted,
            "threshold": round(threshold, 3),
            "coverage": round(coverage, 3),
            "accuracy": round(accuracy, 3),
        }
        rows.append(json.dumps(row))
    return rows


def paragraphs(data: Path, dev: Sequence[QaRow], size: int, rng: random.Random) -> list[str]:
    """The paragraphs to rank: all of dev's, and others of the same set up to `size`."""
    own = sorted({row.context for row in dev})
    others = sorted({row.context for row in load_set(data, "qed_nq")} - set(own))
    return sorted(own + rng.sample(others, min(len(others), max(0, size - len(own)))))


def unseen(rows: Sequence[QaRow], train: Sequence[QaRow]) -> list[QaRow]:
    """Rows whose question is not in train."""
    known = {normal(row.question) for row in train}
    return [row for row in rows if normal(row.question) not in known]


def main() -> None:
    """Print one JSON line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--encoder", type=Path)
    parser.add_argument("--left-out", nargs="+", default=[], help="files of qa/ that trained nothing")
    parser.add_argument("--precision", choices=("float", "int8"), default="float")
    parser.add_argument("--most", type=int, default=800)
    parser.add_argument("--ranked", type=int, default=300, help="questions whose top 20 are reranked")
    parser.add_argument("--opened", type=int, default=500, help="questions whose top 5 are read")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--pool", type=int, default=4000)
    parser.add_argument("--svg", type=Path, help="where to draw accuracy against coverage")
    args = parser.parse_args()
    options = RuntimeOptions(threads=args.threads, precision=args.precision)
    reader = OnnxReader("reader", args.model, options)
    splits, rng = split_qa(args.data), random.Random(1)
    for name in args.left_out:
        rows = [row for row in load_set(args.data, name) if row.spans]
        print(*span_lines(reader, name, rng.sample(rows, min(args.most, len(rows)))), sep="\n", flush=True)
    if args.left_out or args.encoder is None:
        return
    sets = {"qed_nq dev": splits.dev, **splits.checks}
    sets["clapnq"] = unseen(splits.checks["clapnq"], splits.train)
    for name, rows in sets.items():
        chosen = rng.sample(rows, min(args.most, len(rows)))
        if name in ("subjqa_test", "clapnq"):
            lines = abstain_lines(reader, name, chosen, name == "clapnq")
        else:
            lines = span_lines(reader, name, chosen)
        print(*lines, sep="\n", flush=True)
    pools = {
        "qed_nq dev": paragraphs(args.data, splits.dev, args.pool, rng),
        "clapnq": sorted({row.context for row in splits.checks["clapnq"]}),
    }
    encoder, curves = OnnxEncoder("encoder", args.encoder, options), []
    for name, pool in pools.items():
        chosen = rng.sample(sets[name], min(args.opened, len(sets[name])))
        asked = candidates(chosen, pool, encoder)
        print(*rank_lines(reader, name, asked[: args.ranked]), sep="\n", flush=True)
        opened = open_answers(reader, asked)
        curves.append((name, opened.quotes))
        print(*open_lines(name, opened), *coverage_rows(reader, name, opened), sep="\n", flush=True)
    if args.svg:
        args.svg.write_text(svg(curves), encoding="utf-8")


if __name__ == "__main__":
    main()
