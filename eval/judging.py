"""How well the answer relevancy judge ranks, and what every judge costs: `python -m eval.judging DIR`.

DIR holds public sets (eval/judge_pairs.py names them). AUC of the judge and of its two halves on each, and
the mean with a bootstrap over pairs; then processor time of every judge on clapnq's questions.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eval.judge_pairs import Pair, Row, read_pairs, read_rows
from eval.judges.answer_relevancy import cosine_and_chance
from eval.judges.models import LoadedModels, Models
from eval.judges.registry import JUDGES, load_judges
from eval.judges.sample import Sample
from eval.machine import machine
from eval.output import table
from rag.answer.sentences import split
from rag.errors import RagError
from rag.settings import Settings

RESAMPLES = 500
VARIANTS = ("cosine", "reader", "judge")
"""The encoder's cosine alone, the reader's chance alone, and their geometric mean."""
Scores = Mapping[str, NDArray[np.float64]]


def auc(labels: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    """The chance that a right response scores above a wrong one, ties half (Hanley and McNeil 1982)."""
    right, wrong = scores[labels], scores[~labels]
    order = np.sort(wrong)
    below, upto = np.searchsorted(order, right, "left"), np.searchsorted(order, right, "right")
    return float((below + upto).mean() / 2 / len(wrong))


def score_pairs(pairs: Sequence[Pair], models: Models) -> Scores:
    """Every variant's score of every pair [len(pairs)]."""
    halves = np.array([cosine_and_chance(pair.question, pair.response, models) for pair in pairs])
    return {"cosine": halves[:, 0], "reader": halves[:, 1], "judge": np.sqrt(halves.prod(axis=1))}


def mean_aucs(
    labels: Mapping[str, NDArray[np.bool_]], scores: Mapping[str, Scores], seed: int = 0
) -> dict[str, NDArray[np.float64]]:
    """Each variant's mean AUC over the sets in every resample [RESAMPLES] of their right and wrong pairs."""
    random = np.random.default_rng(seed)
    found: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
    for _ in range(RESAMPLES):
        drawn = {name: _drawn(known, random) for name, known in labels.items()}
        for variant in VARIANTS:
            values = [auc(labels[name][rows], scores[name][variant][rows]) for name, rows in drawn.items()]
            found[variant].append(float(np.mean(values)))
    return {variant: np.array(values) for variant, values in found.items()}


def _drawn(labels: NDArray[np.bool_], random: np.random.Generator) -> NDArray[np.int64]:
    kinds = [np.flatnonzero(labels == kind) for kind in (True, False)]
    return np.concatenate([random.choice(kind, len(kind)) for kind in kinds])


def rank_table(pairs: Mapping[str, Sequence[Pair]], models: Models) -> str:
    """AUC by set and variant, Markdown; the last rows: the mean and the judge's gain, with 95% intervals."""
    labels = {name: np.array([pair.answers for pair in found]) for name, found in pairs.items()}
    scores: dict[str, Scores] = {}
    for name, found in pairs.items():
        print(f"{name}: {len(found)} pairs", file=sys.stderr, flush=True)
        scores[name] = score_pairs(found, models)
    rows = [
        [name, str(len(labels[name])), *(f"{auc(labels[name], scores[name][v]):.3f}" for v in VARIANTS)]
        for name in pairs
    ]
    means = mean_aucs(labels, scores)
    rows.append(["mean", "", *(_interval(means[variant]) for variant in VARIANTS)])
    rows.append(["judge less", "", *(_interval(means["judge"] - means[v]) for v in VARIANTS[:2]), ""])
    return table(["set, response, wrong ones", "pairs", *VARIANTS], rows)


def _interval(values: NDArray[np.float64]) -> str:
    low, high = np.percentile(values, [2.5, 97.5])
    return f"{values.mean():.3f} ({low:.3f} – {high:.3f})"


def samples(rows: Sequence[Row], quoted: bool) -> list[Sample]:
    """Questions with five passages of at most 150 words, the right one first; the response is a sentence of
    it, or people's answer with its first three sentences cited, the second twice over.
    """
    found: list[Sample] = []
    for n, row in enumerate(rows):
        others = [rows[(n * 7 + step) % len(rows)] for step in range(1, 5)]
        contexts = tuple(" ".join(one["context"].split()[:150]) for one in (row, *others))
        text = contexts[0] if quoted else str(row["answer"])
        spans = split(text)[: 1 if quoted else 3]
        marks = ["[1]", "[1][2]", "[1]"]
        response = " ".join(f"{text[s.start : s.end]} {mark}" for s, mark in zip(spans, marks, strict=False))
        found.append(Sample(row["question"], response, contexts, str(row["answer"])))
    return found


def cost_table(rows: Sequence[Row], models: Models) -> str:
    """Mean milliseconds of processor time of each judge on quoted and on written answers, Markdown."""
    columns = [_costs(samples(rows, quoted), models) for quoted in (True, False)]
    lines = [[name, *(f"{column[name]:.1f}" for column in columns)] for name in (*JUDGES, "all")]
    return table(["ms of processor time", "quoted answer", "written answer"], lines)


def _costs(asked: Sequence[Sample], models: Models) -> dict[str, float]:
    judges = load_judges(tuple(JUDGES), models)
    for judge in judges.values():
        judge(asked[0])  # loads the models
    spent = dict.fromkeys(judges, 0.0)
    for sample in asked[1:]:
        for name, judge in judges.items():
            started = time.process_time()
            judge(sample)
            spent[name] += time.process_time() - started
    found = {name: 1000 * seconds / (len(asked) - 1) for name, seconds in spent.items()}
    return {**found, "all": sum(found.values())}


def main(argv: Sequence[str] | None = None) -> int:
    """The command; 1 after an error that it names."""
    parser = argparse.ArgumentParser(prog="python -m eval.judging", description=__doc__)
    parser.add_argument("data", type=Path, metavar="DIR")
    parser.add_argument("--most", type=int, default=300, help="questions of each set")
    parser.add_argument("--timed", type=int, default=15, help="questions timed")
    parser.add_argument("--threads", type=int, default=1, help="of the models")
    arguments = parser.parse_args(argv)
    models = LoadedModels(Settings(threads=arguments.threads))
    try:
        pairs = read_pairs(arguments.data, arguments.most)
        timed = [row for row in read_rows(arguments.data / "ground/clapnq_dev") if row["answer"]]
        print(rank_table(pairs, models))
        print(cost_table(timed[: arguments.timed + 1], models))
    except RagError as error:
        print(f"error: {error.message} ({error.code})", file=sys.stderr)
        return 1
    print(json.dumps(machine()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
