"""A follow-up question read as one that stands alone, by two small fitted models and no LLM.

The first weighs the question's cues (`rag.answer.anaphora`) and says whether it leans on what was said
before; one that does not stays as it is. The second weighs the topics of the earlier turns
(`rag.answer.topics`) and says which of them the question is about: the best takes the place of a pronoun, the
others, or all where there is none, stand in brackets. Both are logistic regressions
(`lab.recipes.followup`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rag.answer.anaphora import cues_of, pronoun_at
from rag.answer.topics import Topic, features_of, not_replaced, put_instead, stems_of, topics_of, who_or_what
from rag.errors import InvalidInput
from rag.models.types import Floats
from rag.settings import LONGEST_TURN, MOST_TURNS
from rag.types import Turn

TURNS = 12
"""Turns that are looked at, the last ones."""
MOST_TOPICS = 3

CUE_WEIGHTS: tuple[float, ...] = (
    0.904, 0.95, 0.817, 1.914, 0.03, 0.0, 0.484, 0.0, 0.0, 0.15, 1.127, 0.159, 0.205, 1.438, 0.591,
    0.474, 0.025, -1.097, 0.148, 0.0, 0.465, -0.553, -0.173, -1.247, -0.415, 0.0, -0.238,
)  # fmt: skip
"""Of CUES, the intercept last."""
TOPIC_WEIGHTS: tuple[float, ...] = (
    0.61, 0.419, 0.256, 1.064, -0.398, -0.111, 0.086, 0.296, -0.162, -0.165, 0.481, 0.237, -0.358,
    0.029, 0.527, -0.267, -0.328, -0.033, 0.206, -0.149, 0.152, 0.36, 0.338, -3.28,
)  # fmt: skip
"""Of FEATURES, the intercept last."""
LEANS = 0.58
"""From which probability on a question is read with what was said before."""
LEANS_BY_PRONOUN = 0.5
"""The same for one with a pronoun that a topic can take the place of."""
ABOUT = 0.2
"""From which probability on a question is about a topic."""
ALSO = 0.25
"""The same for a second topic and a third."""


def check_history(history: Sequence[Turn]) -> None:
    """Raises InvalidInput `invalid_history` for too many turns, or one that is too long."""
    if len(history) > MOST_TURNS:
        raise InvalidInput(f"history: at most {MOST_TURNS} turns.", code="invalid_history")
    if any(len(turn.content) > LONGEST_TURN for turn in history):
        raise InvalidInput(f"history: a turn has at most {LONGEST_TURN} characters.", code="invalid_history")


def rewrite(question: str, history: Sequence[Turn]) -> str | None:
    """The question with what it leaves out, from the earlier turns, oldest first; None where it stands alone.

    Every word of it is the question's or one that was said.
    """
    turns = history[-TURNS:]
    earlier = [turn.content for turn in turns if turn.role == "user"]
    leaning = leanings([*earlier, question])
    least = LEANS if pronoun_at(question) is None else LEANS_BY_PRONOUN
    if not earlier or (leaning[-1] < least and put_instead(question) is None):
        return None
    topics = not_replaced(who_or_what(topics_of(turns, leaning[:-1]), question), question)
    kept = chosen(topics, scores_of(topics, question), stems_of(question))
    return with_topics(question, kept) if kept else None


def leanings(questions: Sequence[str], weights: Sequence[float] = CUE_WEIGHTS) -> list[float]:
    """How probable it is that each of a conversation's questions leans on those before; 0 for the first."""
    before: frozenset[str] = frozenset()
    found = []
    for number, text in enumerate(questions):
        cues = np.array([*cues_of(text, before), 1.0], np.float32)
        found.append(float(_probability(cues @ np.array(weights, np.float32))) if number else 0.0)
        before |= stems_of(text)
    return found


def scores_of(topics: Sequence[Topic], question: str, weights: Sequence[float] = TOPIC_WEIGHTS) -> Floats:
    """How probable it is that a question which leans on what was said is about each topic."""
    rows = np.array([[*features_of(topic, question), 1.0] for topic in topics], np.float32)
    return _probability(rows.reshape(-1, len(weights)) @ np.array(weights, np.float32))


def _probability(logits: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-logits)), np.float32)


def chosen(
    topics: Sequence[Topic], scores: Floats, asked: frozenset[str], about: float = ABOUT, also: float = ALSO
) -> list[Topic]:
    """The topics to read the question with, best first; none that says nothing new."""
    kept: list[Topic] = []
    known = asked
    for index in np.argsort(-scores, kind="stable").tolist():
        if len(kept) == MOST_TOPICS or scores[index] < (also if kept else about):
            break
        if topics[index].stems - known:
            kept.append(topics[index])
            known |= topics[index].stems
    return kept


def with_topics(question: str, topics: Sequence[Topic]) -> str:
    """The question with the best topic in place of its pronoun, and the others in brackets at its end."""
    text, rest = question, [topic.text for topic in topics]
    place = pronoun_at(question)
    if place is not None:
        start, end, possessive = place
        best = _definite(topics[0]) + _genitive(rest.pop(0), possessive)
        text = f"{question[:start]}{best if start else best[0].upper() + best[1:]}{question[end:]}"
    if not rest:
        return text
    body = text.rstrip()
    ending = body[len(body.rstrip("?!. ")) :]
    return f"{body[: len(body) - len(ending)]} ({', '.join(rest)}){ending.strip()}"


def _definite(topic: Topic) -> str:
    """The article of something that was spoken of as `the X` or `a X`."""
    return "the " if topic.mention.before in {"the", "a", "an"} else ""


def _genitive(name: str, possessive: bool) -> str:
    if not possessive:
        return name
    return f"{name}'" if name.endswith("s") else f"{name}'s"
