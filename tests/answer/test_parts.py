"""Two questions in one: each is read by itself, answered or not by its own confidence, and said."""

from __future__ import annotations

import pytest

from rag.answer.ask import Ask
from rag.answer.question import standing_alone
from rag.service import Service
from rag.types import Answer, AnswerPart

C = "handbook"
BOTH = "How many passengers does the ferry carry, and how much is lunch for guests?"
HALF = "How much is lunch for staff and who painted the Mona Lisa?"
NEITHER = "Who invented the telephone and what is the capital of Peru?"


def said(answer: Answer, part: AnswerPart) -> str:
    return " ".join(answer.sentences[n].text for n in part.sentences)


def test_both_are_answered_from_different_documents(service: Service) -> None:
    answer = service.answerer.answer(Ask(BOTH, C))
    ferry, lunch = answer.parts
    assert (ferry.answered, lunch.answered) == (True, True)
    assert "120 passengers" in said(answer, ferry)
    assert "11 euros" in said(answer, lunch)
    assert {citation.source for citation in answer.citations} >= {"ferry.md", "canteen.md"}


def test_the_missing_one_is_said(service: Service) -> None:
    answer = service.answerer.answer(Ask(HALF, C))
    lunch, painter = answer.parts
    assert not answer.abstained
    assert "8 euros" in said(answer, lunch)
    assert (painter.answered, painter.sentences) == (False, ())
    assert answer.text.endswith("\nNot found: who painted the Mona Lisa?")
    assert answer.confidence == lunch.confidence > painter.confidence


def test_it_abstains_where_neither_is_found(service: Service) -> None:
    answer = service.answerer.answer(Ask(NEITHER, C))
    assert (answer.abstained, answer.text) == (True, "")
    assert [part.answered for part in answer.parts] == [False, False]
    assert answer.closest


def test_one_sentence_may_answer_both(service: Service) -> None:
    answer = service.answerer.answer(Ask("What does lunch cost staff and what does lunch cost guests?", C))
    assert answer.text.count("Lunch costs 8 euros") == 1
    assert all("11 euros" in said(answer, part) for part in answer.parts)


def test_a_single_question_has_no_parts(service: Service) -> None:
    assert service.answerer.answer(Ask("How much is lunch for guests?", C)).parts == ()


@pytest.mark.parametrize(
    ("parts", "alone"),
    [
        (
            ("What is the fee for a permit?", "when is it due?"),
            ("What is the fee for a permit?", "when is it due? (fee permit)"),
        ),
        (
            ("What does lunch cost?", "when does the ferry leave?"),
            ("What does lunch cost?", "when does the ferry leave?"),
        ),
        (("Who runs the ferry?",), ("Who runs the ferry?",)),
    ],
)
def test_a_later_question_brings_what_it_leans_on(parts: tuple[str, ...], alone: tuple[str, ...]) -> None:
    assert standing_alone(parts) == alone
