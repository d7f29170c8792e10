"""The span data under qa/: which rows train the reader, which are kept for checks, leaks removed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.recipes.records import QaRow, Span, bucket, read_rows, spans_of, text_of, texts_of

TRAIN_FILES = ("qed_nq", "squadshifts", "tydiqa_goldp_en_train", "nq_open_oracle", "fairytaleqa", "subjqa")


@dataclass(frozen=True)
class QaSplits:
    """`train` fits weights, `calibrate` fits the probability, `dev` and `checks` are only ever measured."""

    train: list[QaRow]
    calibrate: list[QaRow]
    dev: list[QaRow]
    checks: dict[str, list[QaRow]]


def normal(text: str) -> str:
    """Lower case letters and digits only, to compare questions and paragraphs across tokenisations."""
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()


def load_qa(path: Path) -> Iterator[QaRow]:
    """The rows of one file as `QaRow`; fairytaleqa keeps only answers that are verbatim in the text."""
    for row in read_rows(path):
        if row.get("explicit") is False:
            continue
        yield QaRow(
            text_of(row, "source"),
            text_of(row, "split"),
            text_of(row, "title"),
            text_of(row, "question"),
            text_of(row, "context"),
            spans_of(row),
        )


def load_set(folder: Path, name: str) -> list[QaRow]:
    """One set by its file name without ending; an empty list when the file is not there."""
    path = folder / "qa" / f"{name}.jsonl.gz"
    return list(load_qa(path)) if path.exists() else []


def load_clapnq(folder: Path) -> list[QaRow]:
    """ClapNQ's questions with the sentences that answer as spans, none for an unanswerable one; never trained
    on. An empty list when the file is not there.
    """
    path = folder / "ground" / "clapnq_dev.jsonl.gz"
    return [
        QaRow("clapnq", "dev", text_of(row, "title"), text_of(row, "question"), text_of(row, "context"),
              located(text_of(row, "context"), texts_of(row, "selected_sentences")))
        for row in (read_rows(path) if path.exists() else ())
    ]  # fmt: skip


def located(context: str, sentences: Iterable[str]) -> tuple[Span, ...]:
    """Where each sentence stands in the context; one that does not is dropped."""
    places = ((context.find(sentence), sentence) for sentence in sentences if sentence)
    return tuple(Span(start, start + len(sentence)) for start, sentence in places if start >= 0)


def answered(rows: Iterable[QaRow]) -> list[QaRow]:
    """Rows with a verbatim answer, and subjqa's rows that are marked unanswerable."""
    return [row for row in rows if row.spans or row.source.startswith("subjqa")]


def split_qa(folder: Path) -> QaSplits:
    """The reader's splits from the data folder.

    dev: qed_nq dev without paragraphs that also occur in its train. Train never holds a question or a
    paragraph of dev (1,020 nq_open_oracle questions are in qed dev). One part in twenty of the training
    articles, by title, is kept to fit the probability. policyqa is never trained on.
    """
    rows = [row for name in TRAIN_FILES for row in answered(load_set(folder, name))]
    qed_train = {normal(r.context) for r in rows if r.source == "qed_nq" and r.split == "train"}
    dev = [
        r for r in rows if r.source == "qed_nq" and r.split == "dev" and normal(r.context) not in qed_train
    ]
    barred = {normal(r.question) for r in rows if r.source == "qed_nq" and r.split == "dev"}
    barred |= {normal(r.context) for r in dev}
    pool = [
        r
        for r in rows
        if _may_train(r) and normal(r.question) not in barred and normal(r.context) not in barred
    ]
    kept = [r for r in pool if bucket(r.title or r.context[:80], 20) == 0]
    train = [r for r in pool if bucket(r.title or r.context[:80], 20) != 0]
    return QaSplits(train, kept, dev, _checks(folder, rows))


def _may_train(row: QaRow) -> bool:
    if row.source == "qed_nq" or row.source.startswith(("subjqa", "fairytaleqa")):
        return row.split == "train"
    return True


def _checks(folder: Path, rows: list[QaRow]) -> dict[str, list[QaRow]]:
    return {
        "policyqa": answered(load_set(folder, "policyqa_devtest")),
        "fairytaleqa_val": [r for r in rows if r.source == "fairytaleqa" and r.split == "val"],
        "clapnq": load_clapnq(folder),
        "subjqa_test": [r for r in rows if r.source.startswith("subjqa") and r.split == "test"],
    }
