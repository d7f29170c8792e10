"""Chat completions as OpenAI's clients call them: the model is a collection, the last message asks."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from api.http import sse
from api.http.answers import answer, stream
from api.http.auth import MayRead
from api.http.errors import openai_envelope, request_id
from api.http.openapi import Responses, openai_errors
from api.http.schemas.openai import (
    ChatChunkOut,
    ChatIn,
    ChatOut,
    ChatUsageOut,
    ChoiceOut,
    ChunkChoiceOut,
    Footnote,
    LastChunkOut,
    ReplyOut,
    UsageChunkOut,
)
from api.http.schemas.query import AnswerPartOut, CitationOut, ClosestOut, SentenceOut, StepOut
from api.http.schemas.search import CorrectedOut
from api.http.state import Running
from rag.answer.ask import Ask
from rag.answer.events import AnswerEvent, Event
from rag.errors import InvalidInput, NotFound, RagError
from rag.settings import LONGEST_QUESTION, LONGEST_TURN, MOST_TURNS
from rag.types import Answer, Closest, Turn, Usage

router = APIRouter(prefix="/v1", tags=["openai"])

NO_ANSWER = "No answer was found in this collection."
_STREAM: Responses = {
    200: {
        "description": "The completion, or with `stream` its chunks; the last one carries `footnote`.",
        "content": {
            "text/event-stream": {
                "example": 'data: {"object": "chat.completion.chunk", …}\n\ndata: [DONE]\n\n'
            }
        },
    }
}


@router.post(
    "/chat/completions",
    summary="Chat with a collection",
    response_model=ChatOut,
    responses={**openai_errors(400, 404, 429, 503), **_STREAM},
)
async def chat(
    body: ChatIn, request: Request, running: Running, caller: MayRead
) -> ChatOut | StreamingResponse:
    """The answer as text with its markers; what it rests on stands in `footnote`.

    A stream sends text once it is cited and checked, a sentence a chunk, so that nothing is taken back.
    """
    caller.require("read", body.model)
    asked = Ask(question(body), body.model, history=history(body))
    ident = request_id(request)
    writer = ChunkWriter(
        f"chatcmpl-{ident}",
        int(time.time()),
        body.model,
        bool(body.stream_options and body.stream_options.include_usage),
    )
    try:
        if body.stream:
            return await stream(running, asked, ident, writer.frames, writer.error)
        return writer.whole(await answer(running, asked, ident))
    except NotFound as error:
        raise NotFound(error.message, code="model_not_found") from error


def question(body: ChatIn) -> str:
    """The last message of the user. Raises InvalidInput when there is none or it is too long."""
    texts = [message.text().strip() for message in body.messages if message.role == "user"]
    if not texts or not texts[-1]:
        raise InvalidInput("messages: the last message of the user must hold text.")
    if len(texts[-1]) > LONGEST_QUESTION:
        raise InvalidInput(f"messages: a question may have {LONGEST_QUESTION} characters.")
    return texts[-1]


def history(body: ChatIn) -> tuple[Turn, ...]:
    """What user and assistant said before the last message of the user; its end where it is too long, as
    clients send whole conversations.
    """
    last = max(n for n, message in enumerate(body.messages) if message.role == "user")
    turns = [
        Turn("user" if message.role == "user" else "assistant", message.text()[:LONGEST_TURN])
        for message in body.messages[:last]
        if message.role in ("user", "assistant")
    ]
    return tuple(turns[-MOST_TURNS:])


@dataclass(slots=True)
class ChunkWriter:
    """Writes one completion, whole or in chunks."""

    id: str
    created: int
    model: str
    include_usage: bool
    begun: bool = False

    def whole(self, given: Answer) -> ChatOut:
        """The completion."""
        return ChatOut(
            id=self.id,
            created=self.created,
            model=self.model,
            choices=[ChoiceOut(message=ReplyOut(content="".join(pieces(given))))],
            usage=usage(given.usage),
            footnote=footnote(given),
        )

    def frames(self, event: Event) -> Iterator[bytes]:
        """The role with the first event, all the rest with the whole answer."""
        if not self.begun:
            self.begun = True
            yield self._chunk({"role": "assistant", "content": ""})
        if isinstance(event, AnswerEvent):
            yield from self._answer(event.answer)

    def _answer(self, given: Answer) -> Iterator[bytes]:
        for piece in pieces(given):
            yield self._chunk({"content": piece})
        yield self._last(given)
        if self.include_usage:
            yield self._usage(given)
        yield sse.untyped("[DONE]")

    def error(self, error: RagError) -> bytes:
        """An error after the stream has begun, as OpenAI sends it."""
        body = openai_envelope(
            error.status, error.code, error.message, self.id.removeprefix("chatcmpl-"), None
        )
        return sse.untyped(json.dumps(body))

    def _chunk(self, delta: dict[Literal["role", "content"], str]) -> bytes:
        choices = [ChunkChoiceOut(delta=delta)]
        return sse.untyped(ChatChunkOut(id=self.id, created=self.created, model=self.model, choices=choices))

    def _last(self, given: Answer) -> bytes:
        choices = [ChunkChoiceOut(delta={}, finish_reason="stop")]
        rest = footnote(given)
        return sse.untyped(
            LastChunkOut(id=self.id, created=self.created, model=self.model, choices=choices, footnote=rest)
        )

    def _usage(self, given: Answer) -> bytes:
        return sse.untyped(
            UsageChunkOut(
                id=self.id,
                created=self.created,
                model=self.model,
                choices=[],
                footnote=footnote(given),
                usage=usage(given.usage),
            )
        )


def pieces(given: Answer) -> Iterator[str]:
    """How its typos were read, if at all, then the answer's text, a sentence at a time."""
    if given.corrected:
        yield f"Results for '{given.corrected.read}'\n\n"
    if given.abstained and not given.text:
        yield NO_ANSWER
        for found in given.closest:
            yield f"\n\n{nearest(found)}"
        return
    start = 0
    for sentence in given.sentences:
        yield given.text[start : sentence.end]
        start = sentence.end
    if start < len(given.text):
        yield given.text[start:]


def nearest(found: Closest) -> str:
    """A closest passage in one paragraph: where it stands and its best parts."""
    chunk = found.hit.chunk
    inside = [span for span in found.spans if chunk.start <= span.start and span.end <= chunk.end]
    parts = [chunk.text[span.start - chunk.start : span.end - chunk.start] for span in inside]
    text = " … ".join(" ".join(part.split()) for part in parts or [chunk.text[:300]])
    return f"{found.hit.document.source}: {text}"


def usage(used: Usage) -> ChatUsageOut:
    """In OpenAI's fields."""
    total = used.prompt_tokens + used.completion_tokens
    return ChatUsageOut(
        prompt_tokens=used.prompt_tokens, completion_tokens=used.completion_tokens, total_tokens=total
    )


def footnote(given: Answer) -> Footnote:
    """What the answer rests on."""
    return Footnote(
        citations=[CitationOut.of(citation) for citation in given.citations],
        sentences=[SentenceOut.of(sentence) for sentence in given.sentences],
        abstained=given.abstained,
        reason=given.reason,
        confidence=given.confidence,
        rewritten=given.rewritten,
        closest=[ClosestOut.of(found) for found in given.closest],
        corrected=CorrectedOut.of(given.corrected),
        parts=[AnswerPartOut.of(part) for part in given.parts],
        route=[StepOut.of(step) for step in given.route],
    )
