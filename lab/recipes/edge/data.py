"""What the static encoder learns from: questions with their passages, and passages by themselves."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.recipes.reader.data import normal, split_qa
from lab.recipes.records import read_rows, text_of, texts_of

PAIR_FILES = ("medquad", "squad_nqg", "wikiqa", "trecqa")
PASSAGE_FILES = ("fever_eraser", "wice_claims", "fm2_claims")


@dataclass(frozen=True)
class Pair:
    """A question and a passage that answers it."""

    question: str
    passage: str


@dataclass(frozen=True)
class StaticData:
    """`pairs` for contrast; `passages` only for following the teacher. Nothing under beir/ is in either."""

    pairs: list[Pair]
    passages: list[str]


def load_static_data(data: Path, pairs: int, passages: int, seed: int) -> StaticData:
    """A sample of the public data: at most so many pairs, each question and passage once, and passages."""
    rng = random.Random(seed)
    found = list(_distinct(_pairs(data)))
    rng.shuffle(found)
    others = sorted({text for text in _passages(data) if len(text) > 80})
    rng.shuffle(others)
    return StaticData(found[:pairs], others[:passages])


def _pairs(data: Path) -> Iterator[Pair]:
    for row in split_qa(data).train:
        if row.spans and not row.source.startswith("subjqa"):  # its questions go by the product, not the text
            yield Pair(row.question, row.context)
    for name in PAIR_FILES:
        for found in read_rows(data / "pairs" / f"{name}.jsonl.gz"):
            if found.get("label", 1) == 1:
                yield Pair(text_of(found, "question"), text_of(found, "passage"))


def _distinct(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """Every passage with its first question only: a second one would be a wrong negative of the first."""
    seen: set[str] = set()
    for pair in pairs:
        keys = {normal(pair.question), normal(pair.passage)}
        if pair.question and pair.passage and not keys & seen:
            seen |= keys
            yield pair


def _passages(data: Path) -> Iterator[str]:
    for name in PASSAGE_FILES:
        for row in read_rows(data / "ground" / f"{name}.jsonl.gz"):
            yield " ".join(texts_of(row, "evidence"))[:1200]
    for row in read_rows(data / "qa" / "boolq.jsonl.gz"):
        yield text_of(row, "context")
