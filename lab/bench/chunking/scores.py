"""Token recall, precision and IoU of evidence spans, after Smith and Troynikov, "Evaluating Chunking
Strategies for Retrieval" (Chroma 2024, https://research.trychroma.com/evaluating-chunking).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.bench.chunking.splitters import Tokens
from rag.errors import InvalidInput
from rag.types import Span


@dataclass(frozen=True, slots=True)
class Question:
    """A question on a corpus and the spans of its text that answer it."""

    text: str
    corpus: str
    evidence: tuple[Span, ...]

    @property
    def held_out(self) -> bool:
        """Whether it is in the half that nothing is chosen on."""
        return hashlib.sha256(self.text.encode()).digest()[0] % 2 == 1


@dataclass(frozen=True, slots=True)
class Retrieved:
    """A passage that came back."""

    corpus: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Scores:
    """Of one question: shares from 0 to 1, and the tokens of all that came back."""

    recall: float
    precision: float
    iou: float
    tokens: int


def score(question: Question, found: Sequence[Retrieved], tokens: Mapping[str, Tokens]) -> Scores:
    """Evidence counts once however often it comes back, everything else as often as it does."""
    own = tokens[question.corpus]
    wanted = {n for span in question.evidence for n in own.range(span.start, span.end)}
    got: set[int] = set()
    retrieved = 0
    for one in found:
        numbers = tokens[one.corpus].range(one.start, one.end)
        retrieved += len(numbers)
        got.update(wanted.intersection(numbers) if one.corpus == question.corpus else ())
    union = retrieved + len(wanted) - len(got)
    recall, precision, iou = (len(got) / n if n else 0.0 for n in (len(wanted), retrieved, union))
    return Scores(recall, precision, iou, retrieved)


def load(folder: Path) -> tuple[dict[str, str], list[Question]]:
    """The corpora of a folder by name, and its questions. Raises InvalidInput `invalid_dataset`."""
    try:
        lines = (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()
        questions = [_question(line) for line in lines if line.strip()]
        names = sorted({one.corpus for one in questions})
        # newline="": offsets count every character of the file
        texts = {name: _read(folder / f"{name}.md") for name in names}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInput(
            f"{folder} holds no questions on texts: {error}", code="invalid_dataset"
        ) from error
    return texts, questions


def _read(path: Path) -> str:
    with path.open(encoding="utf-8", newline="") as file:
        return file.read()


def _question(line: str) -> Question:
    row = json.loads(line)
    evidence = tuple(Span(int(one["start_index"]), int(one["end_index"])) for one in row["references"])
    return Question(str(row["question"]), str(row["corpus"]), evidence)
