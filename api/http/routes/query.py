"""Questions: one answer, or the same as typed events."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from api.http import sse
from api.http.answers import answer, stream
from api.http.auth import MayRead
from api.http.errors import request_id
from api.http.openapi import Responses, errors
from api.http.schemas.base import ErrorBody, ErrorOut
from api.http.schemas.query import (
    ANSWER,
    CitationOut,
    HitsEventOut,
    QueryIn,
    QueryOut,
    SentenceOut,
    TokenEventOut,
)
from api.http.schemas.search import HitOut
from api.http.state import Running
from rag.answer.ask import Ask
from rag.answer.events import AnswerEvent, CitationEvent, Event, HitsEvent, SentenceEvent, TokenEvent
from rag.errors import RagError
from rag.search.filters import parse_filter

router = APIRouter(prefix="/v1", tags=["questions"])

_STREAM: Responses = {
    200: {
        "description": "The answer, or with `stream` the events `hits`, `token`, `sentence`, `citation`, "
        "`answer` (the whole one) and `error`.",
        "content": {
            "application/json": {"example": ANSWER},
            "text/event-stream": {"example": 'event: token\ndata: {"text": "The pump"}\n\n'},
        },
    }
}


@router.post(
    "/query",
    summary="Ask a question",
    response_model=QueryOut,
    responses={**errors(404, 409, 422, 429, 503), **_STREAM},
)
async def query(
    body: QueryIn, request: Request, running: Running, caller: MayRead
) -> QueryOut | StreamingResponse:
    """An answer with a footnote behind every sentence, each checked against what it cites; or a reason.

    409 `no_generator` for mode `generative` when no LLM server is configured.
    """
    caller.require("read", body.collection)
    asked = Ask(
        body.question,
        body.collection,
        body.k,
        body.mode,
        body.check,
        parse_filter(body.filters),
        body.turns,
    )
    ident = request_id(request)
    if body.stream:
        return await stream(running, asked, ident, partial(_frames, ident), partial(_error_frame, ident))
    return QueryOut.of(await answer(running, asked, ident), ident)


def _frames(ident: str, event: Event) -> Iterator[bytes]:
    match event:
        case HitsEvent(hits):
            yield sse.event("hits", HitsEventOut(hits=[HitOut.of(hit) for hit in hits]))
        case TokenEvent(text):
            yield sse.event("token", TokenEventOut(text=text))
        case SentenceEvent(sentence):
            yield sse.event("sentence", SentenceOut.of(sentence))
        case CitationEvent(citation):
            yield sse.event("citation", CitationOut.of(citation))
        case AnswerEvent(whole):
            yield sse.event("answer", QueryOut.of(whole, ident))


def _error_frame(ident: str, error: RagError) -> bytes:
    body = ErrorBody(code=error.code, message=error.message, request_id=ident, details=error.details)
    return sse.event("error", ErrorOut(error=body))
