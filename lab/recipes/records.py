"""Reading the public training data: gzipped JSON lines, one typed record per row."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Span:
    """An answer in its passage: `passage[start:end]` is the answer's text."""

    start: int
    end: int


@dataclass(frozen=True)
class QaRow:
    """One question with the passage it was asked about; no spans means the passage does not answer it."""

    source: str
    split: str
    title: str
    question: str
    context: str
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class ClaimRow:
    """One claim judged against evidence.

    `label` is entailment, contradiction, neutral or not_entailment. `sentences` is the evidence in order;
    `gold` names the sentences that settle the claim (empty: unknown). `unsupported` flags the claim's words
    that the evidence does not support (empty: unknown); words are those of `claim.split()` unless `words` is
    given.
    """

    source: str
    split: str
    group: str
    claim: str
    sentences: tuple[str, ...]
    label: str
    question: str = ""
    gold: tuple[int, ...] = ()
    words: tuple[str, ...] = ()
    unsupported: tuple[bool, ...] = ()


def read_rows(path: Path) -> Iterator[dict[str, object]]:
    """Yield the JSON objects of a gzipped or plain JSON-lines file."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def bucket(key: str, parts: int) -> int:
    """A stable hash of `key` into `parts` buckets, for splits that do not depend on order or run."""
    return zlib.crc32(key.encode()) % parts


def text_of(row: dict[str, object], key: str) -> str:
    """The row's string under `key`, or "" when it is absent."""
    value = row.get(key)
    return value if isinstance(value, str) else ""


def texts_of(row: dict[str, object], key: str) -> tuple[str, ...]:
    """The row's list of strings under `key`."""
    value = row.get(key)
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def spans_of(row: dict[str, object]) -> tuple[Span, ...]:
    """The answers that really stand in the context at their offsets (a wrong offset is dropped, not
    trusted).
    """
    context, answers = text_of(row, "context"), row.get("answers")
    found: list[Span] = []
    for answer in answers if isinstance(answers, list) else []:
        start, text = int(answer["start"]), str(answer["text"])
        if text and context[start : start + len(text)] == text:
            found.append(Span(start, start + len(text)))
    return tuple(found)


_TOKENS = {
    "-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "-LCB-": "{", "-RCB-": "}", "``": '"', "''": '"',
}  # fmt: skip


def clean(text: str) -> str:
    """Undo treebank tokenisation, so that training text looks like what people upload."""
    for token, plain in _TOKENS.items():
        text = text.replace(token, plain)
    text = re.sub(r"\s+([.,;:!?%)\]}]|'s\b|n't\b)", r"\1", text)
    return re.sub(r"([(\[{])\s+", r"\1", text)
