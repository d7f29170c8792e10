"""Scores the sentences that a reader takes for evidence.

`python -m lab.recipes.reader.selection --data DIR --model FOLDER`

Beside it stand the words that a sentence shares with the question (BM25 over the passage's own sentences),
the sentence that holds the answer span, and what an answer quotes: that one with the evidence.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lab.recipes.mining import Bm25, stemmed
from lab.recipes.reader.data import load_clapnq
from lab.recipes.reader.evidence import load_evidence
from lab.recipes.reader.pairs import RelevancePair
from lab.recipes.results import mean_text
from rag.answer.read import sentence_evidence
from rag.models.reader import OnnxReader
from rag.models.runtime import RuntimeOptions
from rag.types import Span

Spans = list[tuple[int, int]]


@dataclass(frozen=True)
class Selected:
    """What one method says of one question: F1 of its sentences, and whether its first one is evidence."""

    f1: float
    first: bool


def overlaps(span: Span, places: Sequence[tuple[int, int]]) -> bool:
    """Whether more than half of a sentence lies in one of the places."""
    shared = max((min(span.end, b) - max(span.start, a) for a, b in places), default=0)
    return 2 * shared > span.end - span.start


def selected(scores: Sequence[float], gold: Sequence[bool], least: float) -> Selected:
    """F1 of the sentences that reach `least` (of the best one where none does), against the gold ones."""
    best = int(np.argmax(scores))
    chosen = [score >= least for score in scores]
    chosen[best] = True
    right = sum(a and b for a, b in zip(chosen, gold, strict=True))
    return Selected(2 * right / (sum(chosen) + sum(gold)), gold[best])


def by_words(question: str, sentences: Sequence[str]) -> list[float]:
    """BM25 of each sentence; the best one alone counts."""
    return [float(score) for score in Bm25(sentences, analyse=stemmed).scores([question])[0]]


def lines(reader: OnnxReader, name: str, rows: Sequence[RelevancePair]) -> list[str]:
    """One JSON line for each method and measure."""
    found: dict[str, list[Selected]] = {"reader": [], "words": [], "span": []}
    for row in rows:
        read = reader.read(row.question, [row.passage], top=1)
        sentences = sentence_evidence(row.passage, read.evidence[0])
        gold = [overlaps(span, [(s.start, s.end) for s in row.evidence or ()]) for span, _ in sentences]
        if not any(gold):
            continue
        texts = [row.passage[span.start : span.end] for span, _ in sentences]
        words = by_words(row.question, texts)
        found["reader"].append(selected([chance for _, chance in sentences], gold, 0.5))
        found["words"].append(selected(words, gold, float("inf")))
        place = [(r.start, r.end) for r in read.readings]
        held = [float(any(span.start < b and span.end > a for a, b in place)) for span, _ in sentences]
        found["span"].append(selected(held, gold, 0.5))
    measures: dict[str, Callable[[Selected], float]] = {
        "sentence_f1": lambda s: s.f1,
        "first_is_evidence": lambda s: float(s.first),
    }
    return [
        json.dumps({"data": name, "by": by, "measure": measure, "n": len(items), "mean": mean_text(values)})
        for by, items in found.items()
        for measure, of in measures.items()
        for values in ([of(item) for item in items],)
    ]


def clapnq(data: Path) -> list[RelevancePair]:
    """ClapNQ's answerable questions with their selected sentences; never trained on."""
    return [
        RelevancePair("clapnq", row.question, row.context, (), row.spans)
        for row in load_clapnq(data)
        if row.spans
    ]


def main() -> None:
    """Print the figures of each held set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--precision", choices=("float", "int8"), default="float")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--most", type=int, default=400)
    args = parser.parse_args()
    reader = OnnxReader("reader", args.model, RuntimeOptions(threads=args.threads, precision=args.precision))
    held = {name: rows for name, rows in load_evidence(args.data).held.items() if name != "boolq"}
    for name, rows in {**held, "clapnq": clapnq(args.data)}.items():
        chosen = random.Random(1).sample(rows, min(args.most, len(rows)))
        print(*lines(reader, name, chosen), sep="\n", flush=True)


if __name__ == "__main__":
    main()
