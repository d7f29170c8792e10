"""What a judge looks at, and what a judge is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from rag.errors import RagError
from rag.types import Answer


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


_MARKER = re.compile(r"\[(\d+(?:\s*,\s*\d+)*)\]")


def to_sample(question: str, answer: Answer, reference: str | None = None) -> Sample:
    """The answer with its hits as contexts; the response is empty for an abstention."""
    response = "" if answer.abstained else cited_response(answer)
    return Sample(question, response, tuple(hit.chunk.text for hit in answer.hits), reference)


def cited_response(answer: Answer) -> str:
    """The answer's text with markers that count its hits from 1, where they numbered its footnotes.

    A footnote of a passage that is not among the hits becomes `[0]`, which is no context's number.
    """
    places = {hit.chunk.id: place for place, hit in enumerate(answer.hits, start=1)}
    numbers = {citation.marker: places.get(citation.chunk_id, 0) for citation in answer.citations}

    def counted(match: re.Match[str]) -> str:
        markers = [int(marker) for marker in match[1].split(",")]
        if not set(markers) <= numbers.keys():
            return match[0]
        return "[" + ", ".join(str(number) for number in dict.fromkeys(numbers[m] for m in markers)) + "]"

    return _MARKER.sub(counted, answer.text)
