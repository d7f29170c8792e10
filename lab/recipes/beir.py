"""BEIR folders (corpus, queries, qrels) and nDCG@10, for measuring encoders and rerankers."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lab.recipes.records import read_rows, text_of


@dataclass(frozen=True)
class Collection:
    """Texts (title and body joined), queries that have judgements, and graded judgements by index."""

    name: str
    texts: list[str]
    queries: list[str]
    judged: list[dict[int, int]]


def load_beir(folder: Path, split: str) -> Collection:
    """Read one BEIR folder; queries without any positive judgement are left out."""
    rows = list(read_rows(folder / "corpus.jsonl.gz"))
    place = {str(row["_id"]): i for i, row in enumerate(rows)}
    texts = [f"{text_of(row, 'title')} {text_of(row, 'text')}".strip() for row in rows]
    grades = _qrels(folder / "qrels" / f"{split}.tsv", place)
    queries = {str(r["_id"]): text_of(r, "text") for r in read_rows(folder / f"queries.{split}.jsonl.gz")}
    kept = [q for q in queries if any(g > 0 for g in grades.get(q, {}).values())]
    return Collection(folder.name, texts, [queries[q] for q in kept], [grades[q] for q in kept])


def _qrels(path: Path, place: Mapping[str, int]) -> dict[str, dict[int, int]]:
    grades: dict[str, dict[int, int]] = {}
    with path.open(encoding="utf-8") as lines:
        for row in list(csv.reader(lines, delimiter="\t"))[1:]:
            if row[1] in place:
                grades.setdefault(row[0], {})[place[row[1]]] = int(row[2])
    return grades


def ndcg(ranked: Sequence[int], judged: Mapping[int, int], depth: int = 10) -> float:
    """nDCG with linear gains, as trec_eval counts it."""
    discounts = 1 / np.log2(np.arange(2, depth + 2))
    gains = [judged.get(i, 0) for i in ranked[:depth]]
    ideal = sorted((g for g in judged.values() if g > 0), reverse=True)[:depth]
    return float(np.dot(gains, discounts[: len(gains)]) / np.dot(ideal, discounts[: len(ideal)]))
