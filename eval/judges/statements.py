"""The sentences of a response: their words, what they cite, and which of them state something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eval.judges.sample import NotJudgeable
from rag.answer.check import is_statement
from rag.answer.cite import strip_markers
from rag.answer.sentences import split


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence without its markers, and the numbers of its markers, each once, in order."""

    text: str
    cited: tuple[int, ...] = ()


def statements(response: str) -> list[Statement]:
    """The sentences that state something, or all of them where none does ("Yes.").

    Markers on a line of their own belong to the sentence before. Raises NotJudgeable `no_response` for a
    response without a word.
    """
    found = _sentences(response)
    if not found:
        raise NotJudgeable("The response is empty.", code="no_response")
    return [item for item in found if is_statement(item.text)] or found


def plain(response: str) -> str:
    """The response without citation markers. Raises NotJudgeable `no_response` when nothing is left."""
    text = strip_markers(response)[0].strip()
    if not any(character.isalnum() for character in text):
        raise NotJudgeable("The response is empty.", code="no_response")
    return text


def _sentences(response: str) -> list[Statement]:
    found: list[Statement] = []
    for span in split(response):
        text, marks = strip_markers(response[span.start : span.end])
        cited = [number for _, number in marks]
        if any(character.isalnum() for character in text):
            found.append(_statement(text.strip(), cited))
        elif cited and found:
            found[-1] = _statement(found[-1].text, [*found[-1].cited, *cited])
    return found


def _statement(text: str, cited: Sequence[int]) -> Statement:
    return Statement(text, tuple(dict.fromkeys(cited)))
