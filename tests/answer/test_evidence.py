"""From the reader's marks on tokens to sentences of evidence."""

from __future__ import annotations

import re

import pytest

from rag.answer.read import evidence_of, sentence_evidence
from rag.models.registry import load_reader
from rag.models.types import EvidenceToken, Reader, ReadResult
from rag.settings import Settings

TEXT = "Dogs may not swim. The lake opens at 9. Bring a towel."


@pytest.fixture(scope="module")
def reader() -> Reader:
    return load_reader("footnote-reader", Settings(threads=1))


def marks(text: str, **logits: float) -> tuple[EvidenceToken, ...]:
    return tuple(
        EvidenceToken(found.start(), found.end(), logits.get(found.group().lower(), -3.0))
        for found in re.finditer(r"\w+|[^\w\s]", text)
    )


def test_a_sentence_has_the_mean_of_its_tokens() -> None:
    found = sentence_evidence(TEXT, marks(TEXT, the=3, lake=3, opens=3, at=3))
    assert [TEXT[span.start : span.end] for span, _ in found] == [
        "Dogs may not swim.", "The lake opens at 9.", "Bring a towel.",
    ]  # fmt: skip
    assert [round(chance, 3) for _, chance in found] == [0.047, 0.731, 0.047]


def test_evidence_is_what_is_likelier_than_not_best_first() -> None:
    texts = [TEXT, "Nothing. Something else."]
    result = ReadResult((), 0.5, (0.0, 0.0), (marks(TEXT, dogs=20, bring=6), marks(texts[1], something=60)))
    found = evidence_of(result, texts)
    assert [texts[one.passage][one.start : one.end] for one in found] == [
        "Something else.",
        "Dogs may not swim.",
    ]
    assert len(evidence_of(result, texts, least=0.0)) == 5


def test_text_without_tokens_and_readers_without_marks() -> None:
    assert [chance for _, chance in sentence_evidence("One. Two.", ())] == [0.0, 0.0]
    assert evidence_of(ReadResult((), 1.0, (0.0,)), [TEXT]) == []


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("May dogs swim in the lake?", "Dogs may not swim."),
        ("When does the lake open?", "The lake opens at 9."),
    ],
)
def test_the_reader_points_at_the_sentence_that_answers(reader: Reader, question: str, sentence: str) -> None:
    passages = ["The harbour master keeps a diary. It is blue.", TEXT]
    best = evidence_of(reader.read(question, passages), passages, least=0.0)[0]
    assert passages[best.passage][best.start : best.end] == sentence


def test_marks_cover_a_long_passage_once(reader: Reader) -> None:
    text = "The committee met again and noted nothing. " * 60 + TEXT
    found = reader.read("When does the lake open?", [text]).evidence[0]
    assert [mark.start for mark in found] == sorted({mark.start for mark in found})
    assert found[-1].end == len(text)
    assert all(-100 < mark.logit < 100 for mark in found)
