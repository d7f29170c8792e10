"""What a streamed answer sends, in order: hits, token…, sentence and citation…, then the whole answer."""

from __future__ import annotations

from dataclasses import dataclass

from rag.types import Answer, Citation, Hit, Sentence


@dataclass(frozen=True, slots=True)
class HitsEvent:
    """The passages that the answer is made from, best first."""

    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class TokenEvent:
    """Text as it is written. Provisional: markers are still the writer's own, nothing is checked yet."""

    text: str


@dataclass(frozen=True, slots=True)
class SentenceEvent:
    """A finished sentence of the final answer, with its verdict."""

    sentence: Sentence


@dataclass(frozen=True, slots=True)
class CitationEvent:
    """A footnote of the final answer."""

    citation: Citation


@dataclass(frozen=True, slots=True)
class AnswerEvent:
    """The whole answer; the last event, and the one that counts."""

    answer: Answer


Event = HitsEvent | TokenEvent | SentenceEvent | CitationEvent | AnswerEvent
