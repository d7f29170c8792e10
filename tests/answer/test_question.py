"""The shape of an answer and the parts of a question, by its words."""

from __future__ import annotations

import pytest

from rag.answer.question import Shape, parts_of, shape_of


@pytest.mark.parametrize(
    ("question", "shape"),
    [
        ("How do I change the filter?", "steps"),
        ("What are the steps to register a pump", "steps"),
        ("How many valves does the pump have?", "value"),
        ("When does the canteen close?", "value"),
        ("What is the price of lunch?", "value"),
        ("Why is the red valve closed first?", "reason"),
        ("What are the rules for visitors?", "list"),
        ("Which documents do I need to bring?", "list"),
        ("What is a bilge pump?", "definition"),
        ("What does ROSA stand for?", "definition"),
        ("Can dogs travel on the ferry?", "choice"),
        ("business cards", "keywords"),
        ("Tell me about the harbour of Merrin please", "passage"),
    ],
)
def test_the_shape_follows_from_the_words(question: str, shape: Shape) -> None:
    assert shape_of(question) == shape


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        (
            "How long is the crossing, and what does a ticket cost?",
            ("How long is the crossing?", "what does a ticket cost?"),
        ),
        ("Who runs the ferry? When does it leave?", ("Who runs the ferry?", "When does it leave?")),
        ("Can I bring a dog or do I need a permit", ("Can I bring a dog?", "do I need a permit?")),
    ],
)
def test_two_questions_in_one_are_told_apart(question: str, parts: tuple[str, ...]) -> None:
    assert parts_of(question) == parts


@pytest.mark.parametrize(
    "question",
    [
        "How much is bed and breakfast?",
        "What do dogs and cats cost?",
        "pumps and valves",
        "Which valve is closed first and which?",
        "",
    ],
)
def test_one_question_stays_one(question: str) -> None:
    assert parts_of(question) == (question,)
