"""Question and passage pairs for the encoder: what is asked, what answers it, what only looks like it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.recipes.reader.batches import load_negatives
from lab.recipes.reader.data import split_qa
from lab.recipes.records import bucket, clean, read_rows, text_of


@dataclass(frozen=True)
class Pair:
    """A question, the passage that answers it, and hard negatives (none: the batch's other passages do)."""

    source: str
    question: str
    passage: str
    negatives: tuple[str, ...] = ()


def encoder_pairs(data: Path, negatives: Path) -> list[Pair]:
    """All training pairs: nothing of a BEIR folder under data/, of a dev or a test split, is among them."""
    return [
        *_reader_pairs(data, negatives),
        *_yes_no(data),
        *_medquad(data),
        *_judged(data, "wikiqa"),
        *_judged(data, "trecqa"),
        *_sentences(data),
    ]


def _reader_pairs(data: Path, negatives: Path) -> Iterator[Pair]:
    """The reader's training questions that have an answer, with their mined negatives."""
    rows = split_qa(data).train
    for row, wrong in zip(rows, load_negatives(negatives, "train", 8), strict=True):
        if row.spans and not row.source.startswith("subjqa"):
            yield Pair(row.source.split("/")[0], row.question, row.context, tuple(wrong))


def _yes_no(data: Path) -> Iterator[Pair]:
    for row in read_rows(data / "qa" / "boolq.jsonl.gz"):
        yield Pair("boolq", text_of(row, "question"), text_of(row, "context"))


def _medquad(data: Path) -> Iterator[Pair]:
    """Seven eighths of medquad; the rest is for choosing."""
    for row in read_rows(data / "pairs" / "medquad.jsonl.gz"):
        if not is_medquad_dev(text_of(row, "passage")):
            yield Pair("medquad", text_of(row, "question"), text_of(row, "passage"))


def is_medquad_dev(passage: str) -> bool:
    """Whether a medquad passage is kept out of training."""
    return bucket(passage, 8) == 0


def _judged(data: Path, name: str) -> Iterator[Pair]:
    for question, right, wrong in judged_lists(data, name, "train"):
        yield from (Pair(name, question, passage, tuple(wrong)) for passage in right)


def judged_lists(data: Path, name: str, split: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """Each question of wikiqa or trecqa with the sentences judged right and those judged wrong."""
    found: dict[str, dict[bool, list[str]]] = defaultdict(lambda: {True: [], False: []})
    for row in read_rows(data / "pairs" / f"{name}.jsonl.gz"):
        if row["split"] == split:
            found[clean(text_of(row, "question"))][row["label"] == 1].append(clean(text_of(row, "passage")))
    for question, passages in found.items():
        yield question, passages[True], passages[False]


def _sentences(data: Path) -> Iterator[Pair]:
    for row in read_rows(data / "pairs" / "squad_nqg.jsonl.gz"):
        yield Pair("squad_nqg", clean(text_of(row, "question")), clean(text_of(row, "passage")))
