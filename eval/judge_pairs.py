"""Questions with responses that answer them and responses that do not, from public sets; for eval.judging."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.answer.sentences import split
from rag.errors import InvalidInput

REFUSALS = (
    "I don't know.",
    "I could not find an answer to that in the documents.",
    "The documents do not say.",
    "I'm sorry, but I cannot answer that question with the information given.",
    "There is no information about this.",
)
Row = Mapping[str, Any]


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
        spans = split(text)
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
