"""Quality against milliseconds for every depth of a trained reader.

`python -m lab.recipes.reader.curve --data DIR --run DIR --encoder FOLDER --out FOLDER`
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import get_args

import numpy as np

from adapt.network import backbone_folder
from lab.recipes.reader.data import split_qa
from lab.recipes.reader.export import build_reader
from lab.recipes.reader.measure import Ranked, candidates, paragraphs, rank_lines, span_lines
from lab.recipes.records import QaRow
from lab.recipes.results import mean_text
from rag.models.encoder import OnnxEncoder
from rag.models.reader import OnnxReader
from rag.models.runtime import Precision, RuntimeOptions, load_tokenizer

DEPTHS = (6, 4, 3, 2)
PASSAGES, TOKENS = 20, 200


@dataclass(frozen=True)
class Score:
    """One reader: its depth and arithmetic, what it scores, and its time for PASSAGES of TOKENS tokens."""

    layers: int
    precision: str
    f1: str
    mrr: str
    mrr_with_hybrid: str
    p50_ms: float
    p95_ms: float


def long_passages(folder: Path, texts: Sequence[str]) -> list[str]:
    """PASSAGES texts of TOKENS tokens each, cut from the given ones joined."""
    text = " ".join(texts)
    offsets = load_tokenizer(folder).encode(text, add_special_tokens=False).offsets
    cuts = [(offsets[n * TOKENS][0], offsets[(n + 1) * TOKENS - 1][1]) for n in range(PASSAGES)]
    return [text[start:end] for start, end in cuts]


def milliseconds(reader: OnnxReader, question: str, passages: Sequence[str], rounds: int) -> list[float]:
    """Wall times of `relevance` over the passages, after two calls that warm up."""
    times = []
    for _ in range(rounds + 2):
        started = perf_counter()
        reader.relevance(question, passages)
        times.append((perf_counter() - started) * 1000)
    return times[2:]


def score(
    folder: Path,
    layers: int,
    precision: Precision,
    rows: Sequence[QaRow],
    asked: Sequence[Ranked],
    rounds: int,
) -> Score:
    """Measure one folder with one arithmetic, on two threads."""
    reader = OnnxReader("reader", folder, RuntimeOptions(threads=2, precision=precision))
    times = milliseconds(reader, rows[0].question, long_passages(folder, [r.context for r in rows]), rounds)
    f1 = span_lines(reader, "", rows)[0].values
    ranks = {line.measure: line.values for line in rank_lines(reader, "", asked)}
    return Score(
        layers,
        precision,
        mean_text(f1),
        mean_text(ranks["mrr_reader"]) if ranks["mrr_reader"] else "",
        mean_text(ranks["mrr_both"]) if ranks["mrr_both"] else "",
        round(float(np.quantile(times, 0.5)), 1),
        round(float(np.quantile(times, 0.95)), 1),
    )


def main() -> None:
    """Print one JSON line for each depth and arithmetic; the folders stay under --out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--backbone")
    parser.add_argument("--depths", type=int, nargs="*", default=list(DEPTHS))
    parser.add_argument("--most", type=int, default=500, help="questions of qed_nq dev to answer")
    parser.add_argument("--ranked", type=int, default=100, help="questions of qed_nq dev to rank for")
    parser.add_argument("--rounds", type=int, default=30)
    args = parser.parse_args()
    rng, dev = random.Random(1), split_qa(args.data).dev
    rows = rng.sample(dev, min(args.most, len(dev)))
    asked: list[Ranked] = []
    if args.ranked:
        pool = paragraphs(args.data, dev, 2000, rng)
        asked = candidates(rows[: args.ranked], pool, OnnxEncoder("encoder", args.encoder))
    for layers in args.depths:
        folder = args.out / f"layers{layers}"
        build_reader(args.run, backbone_folder(args.backbone), folder, layers)
        for precision in get_args(Precision):
            print(json.dumps(asdict(score(folder, layers, precision, rows, asked, args.rounds))), flush=True)


if __name__ == "__main__":
    main()
