"""What a streamed answer sends, in order: hits, token…, sentence and citation…, then the whole answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from queue import SimpleQueue

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
Emit = Callable[[Event], None]
"""Told of each event as it happens."""


class StreamClosed(Exception):
    """Nobody listens any more; raised inside the answering thread to end its work."""


def streamed(pool: Executor, answer: Callable[[Emit], Answer]) -> Iterator[Event]:
    """Run `answer` in the pool now and return an iterator over its events, the whole answer last."""
    events: SimpleQueue[Event | None] = SimpleQueue()
    closed = threading.Event()

    def emit(event: Event) -> None:
        if closed.is_set():
            raise StreamClosed
        events.put(event)

    running = pool.submit(answer, emit)
    running.add_done_callback(lambda _: events.put(None))
    return _drained(events, running, closed)


def _drained(
    events: SimpleQueue[Event | None], running: Future[Answer], closed: threading.Event
) -> Iterator[Event]:
    try:
        streamed_text = False
        while (event := events.get()) is not None:
            streamed_text = streamed_text or isinstance(event, TokenEvent)
            yield event
        yield from _final(running.result(), streamed_text)
    finally:
        closed.set()
        running.cancel()


def _final(answer: Answer, streamed_text: bool) -> Iterator[Event]:
    """What is known once the answer is; one that no LLM wrote has sent no tokens yet."""
    position = 0
    for sentence in answer.sentences:
        if not streamed_text:
            yield TokenEvent(answer.text[position : sentence.end])
        position = sentence.end
        yield SentenceEvent(sentence)
    for citation in answer.citations:
        yield CitationEvent(citation)
    yield AnswerEvent(answer)
