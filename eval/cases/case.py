"""What an evaluation case is."""

from __future__ import annotations

from dataclasses import dataclass

from rag.errors import InvalidInput

FIELDS = ("id", "question", "reference", "relevant_sources", "contexts", "type", "answerable", "synthetic")


@dataclass(frozen=True, slots=True)
class Case:
    """A question; the answer it should get; the sources, and the passages, that hold it. None means not
    known.

    `id` names the case in comparisons of runs, `type` is the kind of question that results are sliced by.
    `answerable` false means that an abstention is the right answer; `synthetic` that nobody asked this.
    The `contexts` of a question that cannot be answered are those that come nearest to answering.
    """

    question: str
    reference: str | None = None
    relevant_sources: tuple[str, ...] | None = None
    contexts: tuple[str, ...] | None = None
    id: str | None = None
    type: str | None = None
    answerable: bool | None = None
    synthetic: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A case with every answer that counts as right, the case's reference first; none where the case has
    none.
    """

    case: Case
    answers: tuple[str, ...]


def invalid(message: str) -> InvalidInput:
    """What a row that is no case raises."""
    return InvalidInput(message, code="cases_invalid")
