"""How well the answer relevancy judge ranks, and what every judge costs: `python -m lab.bench.judging DIR`.

DIR holds public sets (lab/bench/judging.py names them). AUC of the judge and of its two halves on each, and
the mean with a bootstrap over pairs; then processor time of every judge on clapnq's questions.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.agreement.measures import auc
from eval.environment import machine
from eval.metrics.judge import Sample
from eval.metrics.registry import JUDGES, load_judges
from eval.metrics.relevance import cosine_and_chance
from eval.report.wording import table
from rag.errors import InvalidInput, RagError
from rag.models.loaded import Models
from rag.settings import Settings
from rag.text.sentences import split_sentences

RESAMPLES = 500
VARIANTS = ("cosine", "reader", "judge")
"""The encoder's cosine alone, the reader's chance alone, and their geometric mean."""
Scores = Mapping[str, NDArray[np.float64]]
REFUSALS = (
    "I don't know.",
    "I could not find an answer to that in the documents.",
    "The documents do not say.",
    "I'm sorry, but I cannot answer that question with the information given.",
    "There is no information about this.",
)
Row = Mapping[str, Any]


# labelled pairs


@dataclass(frozen=True, slots=True)
class Pair:
    """A question, a response and whether that answers it."""

    question: str
    response: str
    answers: bool


def read_pairs(data: Path, most: int, seed: int = 1) -> dict[str, list[Pair]]:
    """Labelled pairs by `set, response, wrong ones`; at most `most` questions of each set.

    `data` holds the folders qa, pairs and ground. Wrong responses are those to another question (random, or
    of the same story), another sentence of the same paragraph, a refusal, or what people judged wrong.
    Raises InvalidInput `data_missing`.
    """
    chance = random.Random(seed)
    return {
        **_spans("qed_nq dev", _some(data / "qa/qed_nq", most, chance, "dev", "answers"), chance),
        **_spans("policyqa", _some(data / "qa/policyqa_devtest", most, chance, None, "answers"), chance),
        **_stories(_some(data / "qa/fairytaleqa", most, chance, "val"), chance),
        **_clapnq(_some(data / "ground/clapnq_dev", most, chance, None, "answer"), chance),
        **{f"{name} test, sentence, judged": _judged(data / "pairs" / name, most, chance) for name in JUDGED},
        **_begin(list(read_rows(data / "ground/begin_v1")), most, chance),
    }


JUDGED = ("wikiqa", "trecqa")


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of PATH.jsonl.gz. Raises InvalidInput `data_missing`."""
    file = path.with_name(f"{path.name}.jsonl.gz")
    if not file.is_file():
        raise InvalidInput(f"There is no {file}.", code="data_missing")
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _some(
    path: Path, most: int, chance: random.Random, part: str | None = None, filled: str = "question"
) -> list[Row]:
    rows = [row for row in read_rows(path) if part in (None, row["split"]) and row[filled]]
    chance.shuffle(rows)
    return rows[:most]


def _both(rows: Sequence[Row], right: Callable[[Row], str], wrong: Callable[[Row], str | None]) -> list[Pair]:
    found = [(row["question"], right(row), wrong(row)) for row in rows]
    return [
        pair
        for question, good, bad in found
        if bad
        for pair in (Pair(question, good, True), Pair(question, bad, False))
    ]


def _another(rows: Sequence[Row], row: Row, chance: random.Random, same: str | None = None) -> Row | None:
    others = [
        other
        for other in rows
        if other["question"] != row["question"] and (same is None or other[same] == row[same])
    ]
    return chance.choice(others) if others else None


def _spans(name: str, rows: Sequence[Row], chance: random.Random) -> dict[str, list[Pair]]:
    def sentences(row: Row) -> tuple[str, list[str]]:
        text, start = row["context"], row["answers"][0]["start"]
        spans = split_sentences(text)
        holds = next((span for span in spans if span.start <= start < span.end), spans[0])
        return text[holds.start : holds.end], [text[s.start : s.end] for s in spans if s is not holds]

    def right(row: Row) -> str:
        return sentences(row)[0]

    def neighbour(row: Row) -> str | None:
        others = sentences(row)[1]
        return chance.choice(others) if others else None

    def elsewhere(row: Row) -> str | None:
        other = _another(rows, row, chance)
        return right(other) if other else None

    def short(row: Row) -> str:
        return str(row["answers"][0]["text"])

    def other_short(row: Row) -> str | None:
        other = _another(rows, row, chance)
        return short(other) if other else None

    return {
        f"{name}, sentence, same paragraph": _both(rows, right, neighbour),
        f"{name}, sentence, another question's": _both(rows, right, elsewhere),
        f"{name}, short answer, another question's": _both(rows, short, other_short),
        f"{name}, sentence, refusal": _both(rows, right, lambda _: chance.choice(REFUSALS)),
    }


def _stories(rows: Sequence[Row], chance: random.Random) -> dict[str, list[Pair]]:
    def right(row: Row) -> str:
        return str(row["free_answers"][0])

    def wrong(row: Row, same: str | None) -> str | None:
        other = _another(rows, row, chance, same)
        return right(other) if other else None

    return {
        "fairytaleqa val, short answer, same story": _both(rows, right, lambda row: wrong(row, "title")),
        "fairytaleqa val, short answer, another story": _both(rows, right, lambda row: wrong(row, None)),
    }


def _clapnq(rows: Sequence[Row], chance: random.Random) -> dict[str, list[Pair]]:
    def right(row: Row) -> str:
        return str(row["answer"])

    def elsewhere(row: Row) -> str | None:
        other = _another(rows, row, chance)
        return right(other) if other else None

    def neighbour(row: Row) -> str | None:
        others = sorted(set(row["sentences"]) - set(row["selected_sentences"]))
        return chance.choice(others) if others else None

    return {
        "clapnq, answer, same passage": _both(rows, right, neighbour),
        "clapnq, answer, another question's": _both(rows, right, elsewhere),
        "clapnq, answer, refusal": _both(rows, right, lambda _: chance.choice(REFUSALS)),
    }


def _judged(path: Path, most: int, chance: random.Random) -> list[Pair]:
    rows = [row for row in read_rows(path) if row["split"] == "test"]
    chance.shuffle(rows)
    found = [Pair(row["question"], row["passage"], int(row["label"]) == 1) for row in rows]
    return [pair for right in (True, False) for pair in [p for p in found if p.answers is right][:most]]


def _begin(rows: list[Row], most: int, chance: random.Random) -> dict[str, list[Pair]]:
    """Responses to questions in a conversation; what is faithful mostly answers, too."""
    chance.shuffle(rows)

    def labelled(label: str) -> list[Pair]:
        found = [
            row for row in rows if row["split"] == "test" and row["label"] == label and "?" in row["message"]
        ]
        return [Pair(row["message"], row["response"], label == "entailment") for row in found[:most]]

    faithful = labelled("entailment")
    return {
        f"begin_v1 test, entailed, {label}": faithful + labelled(label) for label in ("generic", "off-topic")
    }


# measures


def score_pairs(pairs: Sequence[Pair], models: Models) -> Scores:
    """Every variant's score of every pair [len(pairs)]."""
    halves = np.array([cosine_and_chance(pair.question, pair.response, models) for pair in pairs])
    return {"cosine": halves[:, 0], "reader": halves[:, 1], "judge": np.sqrt(halves.prod(axis=1))}


def mean_aucs(
    labels: Mapping[str, NDArray[np.bool_]], scores: Mapping[str, Scores], seed: int = 0
) -> dict[str, NDArray[np.float64]]:
    """Each variant's mean AUC over the sets in every resample [RESAMPLES] of their right and wrong pairs."""
    random = np.random.default_rng(seed)
    held = {name: np.empty((RESAMPLES, len(known))) for name, known in labels.items()}
    for resample in range(RESAMPLES):
        for name, known in labels.items():
            held[name][resample] = np.bincount(_drawn(known, random), minlength=len(known))
    return {
        variant: np.mean([auc(scores[name][variant], labels[name], held[name]) for name in labels], axis=0)
        for variant in VARIANTS
    }


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
        [name, str(len(labels[name])), *(f"{_auc(labels[name], scores[name][v]):.3f}" for v in VARIANTS)]
        for name in pairs
    ]
    means = mean_aucs(labels, scores)
    rows.append(["mean", "", *(_interval(means[variant]) for variant in VARIANTS)])
    rows.append(["judge less", "", *(_interval(means["judge"] - means[v]) for v in VARIANTS[:2]), ""])
    return table(["set, response, wrong ones", "pairs", *VARIANTS], rows)


def _auc(labels: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    return float(auc(scores, labels, np.ones((1, len(labels))))[0])


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
        spans = split_sentences(text)[: 1 if quoted else 3]
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
    parser = argparse.ArgumentParser(prog="python -m lab.bench.judging", description=__doc__)
    parser.add_argument("data", type=Path, metavar="DIR")
    parser.add_argument("--most", type=int, default=300, help="questions of each set")
    parser.add_argument("--timed", type=int, default=15, help="questions timed")
    parser.add_argument("--threads", type=int, default=1, help="of the models")
    arguments = parser.parse_args(argv)
    models = Models(Settings(threads=arguments.threads))
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
