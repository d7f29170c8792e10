from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.models.reader import OnnxReader
from rag.models.runtime import RuntimeOptions

PARIS = "Paris is the capital of France. It has 2.1 million inhabitants."
HOBBIT = "The Hobbit is a novel by J. R. R. Tolkien. It was published in September 1937 to wide acclaim."
PUMP = "The pump is rated for a working pressure of 16 bar. It must be serviced every 2,000 hours."


def test_golden_answers(weights: Path) -> None:
    golden = json.loads((weights / "reader" / "golden.json").read_text())
    reader = OnnxReader("r", weights / "reader", RuntimeOptions(threads=1, precision="float"))
    result = reader.read(golden["question"], golden["passages"])
    assert (result.readings[0].text, result.readings[0].passage) == (golden["answer"], golden["passage"])
    assert result.readings[0].probability == pytest.approx(golden["probability"], abs=0.01)
    assert result.relevance == pytest.approx(golden["relevance"], abs=0.02)


def test_int8_gives_nearly_the_same(weights: Path) -> None:
    golden = json.loads((weights / "reader" / "golden.json").read_text())
    reader = OnnxReader("r", weights / "reader", RuntimeOptions(threads=1, precision="int8"))
    result = reader.read(golden["question"], golden["passages"])
    assert result.readings[0].text == golden["answer"]
    assert result.relevance == pytest.approx(golden["relevance"], abs=1.5)


@pytest.mark.parametrize(
    ("question", "answer", "passage"),
    [
        ("When was The Hobbit published?", "September 1937", 1),
        ("Who wrote The Hobbit?", "Tolkien", 1),
        ("What is the capital of France?", "Paris", 0),
        ("What pressure is the pump rated for?", "16 bar", 2),
    ],
)
def test_it_answers_plain_questions(reader: OnnxReader, question: str, answer: str, passage: int) -> None:
    best = reader.read(question, [PARIS, HOBBIT, PUMP]).readings[0]
    assert answer in best.text
    assert best.passage == passage


def test_offsets_are_exact_and_order_is_by_probability(reader: OnnxReader) -> None:
    passages = ["😀 naïve – " + HOBBIT, "", PARIS]
    readings = reader.read("Who wrote The Hobbit?", passages, top=9).readings
    assert readings
    for reading in readings:
        assert reading.text == passages[reading.passage][reading.start : reading.end]
        assert reading.text.strip() == reading.text != ""
        assert 0 <= reading.probability <= 1
    chances = [reading.probability for reading in readings]
    assert chances == sorted(chances, reverse=True)


def test_an_answer_deep_in_a_long_passage_is_found(reader: OnnxReader) -> None:
    filler = "The committee met again and nothing of note was decided on that day. "
    passage = filler * 40 + HOBBIT + " " + filler * 40
    best = reader.read("When was The Hobbit published?", [passage]).readings[0]
    assert "1937" in best.text
    assert best.start > len(filler) * 39


def test_no_answer_is_more_likely_where_there_is_none(reader: OnnxReader) -> None:
    there = reader.read("When was The Hobbit published?", [HOBBIT]).no_answer_probability
    absent = reader.read("When was The Hobbit published?", [PUMP, PARIS]).no_answer_probability
    assert there < 0.5 < absent


def test_relevance_ranks_and_reading_agrees(reader: OnnxReader) -> None:
    question = "How often must the pump be serviced?"
    relevance = reader.relevance(question, [PARIS, PUMP, HOBBIT])
    assert relevance.shape == (3,)
    assert relevance.argmax() == 1
    assert reader.read(question, [PARIS, PUMP, HOBBIT]).relevance == pytest.approx(
        relevance.tolist(), abs=1e-3
    )


def test_nothing_to_read_is_no_answer(reader: OnnxReader) -> None:
    result = reader.read("Who?", [])
    assert (result.readings, result.no_answer_probability, result.relevance) == ((), 1.0, ())
    assert reader.read("", [PARIS]).readings is not None
    assert reader.read("Who?", [""]).readings == ()


def test_more_accuracy_asks_for_more_probability(reader: OnnxReader) -> None:
    asked = [reader.threshold(accuracy) for accuracy in (0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1)]
    assert asked == sorted(asked)
    assert (asked[0], asked[-1]) == (0, 1)
    assert 0 < asked[4] < asked[-1]
