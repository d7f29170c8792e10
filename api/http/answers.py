"""Questions to the service: whole answers and streams of events, in a place of the gate, counted."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing

from api.http import sse
from api.http.state import Runtime
from rag.answer.ask import Ask
from rag.answer.events import AnswerEvent, Event
from rag.errors import RagError
from rag.types import Answer

log = logging.getLogger("footnote.api")

Encode = Callable[[Event], Iterator[bytes]]
EncodeError = Callable[[RagError], bytes]


async def answer(running: Runtime, ask: Ask, request_id: str) -> Answer:
    """The whole answer. Raises Busy, Starting, NotFound, Conflict."""
    given = await running.run(_answer, running, ask)
    _observe(running, ask, request_id, given)
    return given


async def stream(
    running: Runtime, ask: Ask, request_id: str, encode: Encode, encode_error: EncodeError
) -> sse.EventStream:
    """The answer as events. What goes wrong before the first one is raised, later it is an event itself."""
    frames = _frames(running, ask, request_id, encode, encode_error)
    return sse.EventStream(await sse.Primed.start(frames))


def _observe(running: Runtime, ask: Ask, request_id: str, given: Answer) -> None:
    running.metrics.observe_answer(given)
    if running.sampler is not None:
        running.sampler.offer(request_id, ask.collection, given.rewritten or ask.question, given)


def _answer(running: Runtime, ask: Ask) -> Answer:
    return running.service().answerer.answer(ask)


def _events(running: Runtime, ask: Ask) -> Iterator[Event]:
    yield from running.service().answerer.events(ask)


async def _frames(
    running: Runtime, ask: Ask, request_id: str, encode: Encode, encode_error: EncodeError
) -> AsyncGenerator[bytes, None]:
    started = False
    async with running.gate.place(), aclosing(sse.pull(_events(running, ask), running.pool)) as events:
        try:
            async for event in events:
                if isinstance(event, AnswerEvent):
                    _observe(running, ask, request_id, event.answer)
                for frame in _encoded(event, encode):
                    started = True
                    yield frame
        except Exception as error:
            if not started:
                raise
            if not isinstance(error, RagError):
                log.exception("An answer failed after its stream had begun.")
            yield encode_error(_shown(error))


def _encoded(event: Event | None, encode: Encode) -> Iterator[bytes]:
    if event is None:
        yield sse.PING
    else:
        yield from encode(event)


def _shown(error: Exception) -> RagError:
    return (
        error if isinstance(error, RagError) else RagError("Footnote failed while it answered; see its log.")
    )
