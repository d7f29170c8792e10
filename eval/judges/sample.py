"""What a judge looks at, and what a judge is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rag.errors import RagError


class NotJudgeable(RagError):
    """The sample lacks what this judge needs, such as a sentence to check."""

    code = "not_judgeable"


@dataclass(frozen=True, slots=True)
class Sample:
    """A question, the response to it and the passages behind that, best first.

    A response that cites does so by `[n]`, the n-th of `contexts` counting from 1; `reference` is the right
    answer, None when not known.
    """

    question: str
    response: str
    contexts: tuple[str, ...] = ()
    reference: str | None = None


Judge = Callable[[Sample], float]
"""A score from 0 to 1, higher is better. Raises NotJudgeable, never gives NaN."""
