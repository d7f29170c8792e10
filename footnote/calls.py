"""What each call of the HTTP contract sends, and how its answer is read: what both clients share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypedDict, TypeVar
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter

from footnote.errors import FootnoteError
from footnote.models import (
    Answer,
    AnswerEvent,
    AnswerMode,
    AnswerStreamEvent,
    CheckPolicy,
    CheckResult,
    Chunk,
    Citation,
    CitationEvent,
    Collection,
    Document,
    DocumentPage,
    DocumentStatus,
    Evaluation,
    EvaluationBrief,
    ExplainedHit,
    HitsEvent,
    Job,
    JobStatus,
    Mode,
    RankedText,
    ReadResult,
    Role,
    SearchResult,
    Sentence,
    SentenceEvent,
    TokenEvent,
)

T = TypeVar("T")
Filters = Mapping[str, object]
"""Over metadata: {"author": "x"}, {"year": {"gte": 2020}}, {"$or": […]}, {"$not": {…}}."""
Part = tuple[str, tuple[str, bytes]]


class _Named(TypedDict):
    source: str
    text: str


class Turn(TypedDict):
    """What was said earlier in a conversation."""

    role: Role
    content: str


class Text(_Named, total=False):
    """A document given as text; `source` names it within its collection."""

    title: str
    media_type: str
    metadata: Mapping[str, str | int | float | bool | list[str]]


class _Asked(TypedDict):
    question: str


class Case(_Asked, total=False):
    """A question with what is known of its answer: the more, the more metrics apply."""

    reference: str
    relevant_sources: list[str]
    contexts: list[str]
    id: str
    type: str
    answerable: bool
    synthetic: bool


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request; `read` makes its result of a successful response."""

    method: str
    path: str
    read: Callable[[httpx.Response], T]
    params: Mapping[str, str | int] = field(default_factory=dict)
    body: Mapping[str, object] | None = None
    files: Sequence[Part] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def collections() -> Call[list[Collection]]:
    """GET /v1/collections."""
    return Call("GET", "/v1/collections", _member("collections", list[Collection]))


def collection(name: str) -> Call[Collection]:
    """GET /v1/collections/{name}."""
    return Call("GET", _at(name), _whole(Collection))


def create_collection(name: str, description: str) -> Call[Collection]:
    """POST /v1/collections."""
    body = {"name": name, "description": description}
    return Call("POST", "/v1/collections", _whole(Collection), body=body)


def delete_collection(name: str) -> Call[None]:
    """DELETE /v1/collections/{name}."""
    return Call("DELETE", _at(name), _nothing)


def upload(name: str, files: Iterable[Path], base: Path | None, key: str | None) -> Call[Job]:
    """POST /v1/collections/{name}/documents, multipart."""
    parts = [
        ("files", (path.relative_to(base).as_posix() if base else path.name, path.read_bytes()))
        for path in files
    ]
    return Call("POST", _at(name, "documents"), _started, files=parts, headers=_idempotency(key))


def add_texts(name: str, texts: Sequence[Text], key: str | None) -> Call[Job]:
    """POST /v1/collections/{name}/documents, JSON."""
    body = {"documents": list(texts)}
    return Call("POST", _at(name, "documents"), _started, body=body, headers=_idempotency(key))


def sync(
    name: str,
    path: str,
    delete_missing: bool,
    include: Sequence[str],
    exclude: Sequence[str],
    allow_empty: bool,
    key: str | None,
) -> Call[Job]:
    """POST /v1/collections/{name}/sync."""
    body = {
        "path": path,
        "delete_missing": delete_missing,
        "include": list(include),
        "exclude": list(exclude),
        "allow_empty": allow_empty,
    }
    return Call("POST", _at(name, "sync"), _started, body=body, headers=_idempotency(key))


def documents(name: str, status: DocumentStatus | None, limit: int, cursor: str | None) -> Call[DocumentPage]:
    """GET /v1/collections/{name}/documents."""
    params = _set(status=status, limit=limit, cursor=cursor)
    return Call("GET", _at(name, "documents"), _whole(DocumentPage), params)


def document(document_id: str) -> Call[Document]:
    """GET /v1/documents/{id}."""
    return Call("GET", f"/v1/documents/{_quoted(document_id)}", _whole(Document))


def content(document_id: str) -> Call[str]:
    """GET /v1/documents/{id}/content."""
    return Call("GET", f"/v1/documents/{_quoted(document_id)}/content", _member("text", str))


def chunks(document_id: str) -> Call[list[Chunk]]:
    """GET /v1/documents/{id}/chunks."""
    return Call("GET", f"/v1/documents/{_quoted(document_id)}/chunks", _member("chunks", list[Chunk]))


def delete_document(document_id: str) -> Call[None]:
    """DELETE /v1/documents/{id}."""
    return Call("DELETE", f"/v1/documents/{_quoted(document_id)}", _nothing)


def jobs(name: str | None, status: JobStatus | None, limit: int) -> Call[list[Job]]:
    """GET /v1/jobs."""
    params = _set(collection=name, status=status, limit=limit)
    return Call("GET", "/v1/jobs", _member("jobs", list[Job]), params)


def job(job_id: str) -> Call[Job]:
    """GET /v1/jobs/{id}."""
    return Call("GET", f"/v1/jobs/{_quoted(job_id)}", _whole(Job))


def cancel_job(job_id: str) -> Call[Job]:
    """POST /v1/jobs/{id}/cancel."""
    return Call("POST", f"/v1/jobs/{_quoted(job_id)}/cancel", _whole(Job))


def retry_job(job_id: str) -> Call[Job]:
    """POST /v1/jobs/{id}/retry."""
    return Call("POST", f"/v1/jobs/{_quoted(job_id)}/retry", _whole(Job))


def job_events(job_id: str) -> Call[None]:
    """GET /v1/jobs/{id}/events."""
    return Call("GET", f"/v1/jobs/{_quoted(job_id)}/events", _nothing)


def search(
    name: str, query: str, k: int, mode: Mode, rerank: bool, filters: Filters | None, explain: bool
) -> Call[SearchResult]:
    """POST /v1/search."""
    body = {"collection": name, "query": query, "k": k, "mode": mode, "rerank": rerank}
    body |= {"filters": filters, "explain": explain}
    return Call("POST", "/v1/search", _whole(SearchResult), body=body)


def explain(
    name: str,
    query: str,
    chunk_id: str,
    k: int,
    mode: Mode,
    rerank: bool,
    filters: Filters | None,
    unit: str,
) -> Call[ExplainedHit]:
    """POST /v1/explain."""
    body = {"collection": name, "query": query, "chunk_id": chunk_id, "k": k, "mode": mode}
    body |= {"rerank": rerank, "filters": filters, "unit": unit}
    return Call("POST", "/v1/explain", _whole(ExplainedHit), body=body)


def ask(
    name: str,
    question: str,
    k: int,
    mode: AnswerMode,
    check: CheckPolicy | None,
    filters: Filters | None,
    history: Sequence[Turn],
    stream: bool = False,
) -> Call[Answer]:
    """POST /v1/query."""
    body = {"collection": name, "question": question, "k": k, "mode": mode, "check": check}
    body |= {"filters": filters, "stream": stream}
    if history:  # a service of an earlier version takes questions without it
        body["history"] = list(history)
    return Call("POST", "/v1/query", _whole(Answer), body=body)


def read(question: str, passages: Sequence[str]) -> Call[ReadResult]:
    """POST /v1/read."""
    body = {"question": question, "passages": list(passages)}
    return Call("POST", "/v1/read", _whole(ReadResult), body=body)


def check(answer: str, context: Sequence[str], question: str | None) -> Call[CheckResult]:
    """POST /v1/check."""
    body = {"answer": answer, "context": list(context), "question": question}
    return Call("POST", "/v1/check", _whole(CheckResult), body=body)


def rerank(query: str, texts: Sequence[str], top_n: int | None, model: str) -> Call[list[RankedText]]:
    """POST /v1/rerank."""
    body = {"model": model, "query": query, "documents": list(texts), "top_n": top_n}
    return Call("POST", "/v1/rerank", _member("results", list[RankedText]), body=body)


def evaluate(
    name: str,
    cases: Sequence[Case],
    metrics: Sequence[str] | None,
    k: int,
    mode: AnswerMode,
    check: CheckPolicy | None,
) -> Call[Job]:
    """POST /v1/evaluations."""
    body = {"collection": name, "cases": list(cases), "k": k, "mode": mode, "check": check}
    body |= {"metrics": None if metrics is None else list(metrics)}
    return Call("POST", "/v1/evaluations", _started, body=body)


def evaluations(name: str | None, limit: int) -> Call[list[EvaluationBrief]]:
    """GET /v1/evaluations."""
    params = _set(collection=name, limit=limit)
    return Call("GET", "/v1/evaluations", _member("evaluations", list[EvaluationBrief]), params)


def evaluation(evaluation_id: str) -> Call[Evaluation]:
    """GET /v1/evaluations/{id}."""
    return Call("GET", f"/v1/evaluations/{_quoted(evaluation_id)}", _whole(Evaluation))


def evaluation_report(evaluation_id: str, form: str, baseline: str | None) -> Call[str]:
    """GET /v1/evaluations/{id}/report."""
    params = _set(format=form, baseline=baseline)
    return Call("GET", f"/v1/evaluations/{_quoted(evaluation_id)}/report", _text, params)


class EventLines:
    """Server-sent events, put together line by line."""

    def __init__(self) -> None:
        self._name = ""
        self._data: list[str] = []

    def feed(self, line: str) -> tuple[str, str] | None:
        """The event's name and data when this line ends it, else None."""
        field_name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field_name == "event":
            self._name = value
        elif field_name == "data":
            self._data.append(value)
        elif not line and self._data:
            event = self._name, "\n".join(self._data)
            self._name, self._data = "", []
            return event
        return None


def job_event(name: str, data: str) -> Job | None:
    """A job's event; None for an event that this version does not know."""
    return Job.model_validate_json(data) if name == "job" else None


def answer_event(name: str, data: str) -> AnswerStreamEvent | None:
    """An answer's event; raises FootnoteError for `error`, None for one that this version does not know."""
    match name:
        case "hits":
            return HitsEvent.model_validate_json(data)
        case "token":
            return TokenEvent.model_validate_json(data)
        case "sentence":
            return SentenceEvent(sentence=Sentence.model_validate_json(data))
        case "citation":
            return CitationEvent(citation=Citation.model_validate_json(data))
        case "answer":
            return AnswerEvent(answer=Answer.model_validate_json(data))
        case "error":
            error = json.loads(data)["error"]
            raise FootnoteError(
                error["message"],
                code=error["code"],
                request_id=error.get("request_id") or "",
                details=error.get("details"),
            )
    return None


def _quoted(segment: str) -> str:
    return quote(segment, safe="")


def _at(name: str, *rest: str) -> str:
    return "/".join(["/v1/collections", _quoted(name), *rest])


def _set(**values: str | int | None) -> dict[str, str | int]:
    return {name: value for name, value in values.items() if value is not None}


def _idempotency(key: str | None) -> dict[str, str]:
    return {"Idempotency-Key": key} if key else {}


def _whole(kind: type[T]) -> Callable[[httpx.Response], T]:
    return lambda response: TypeAdapter(kind).validate_json(response.content)


def _member(name: str, kind: type[T]) -> Callable[[httpx.Response], T]:
    return lambda response: TypeAdapter(kind).validate_python(response.json()[name])


def _nothing(_: httpx.Response) -> None:
    return None


def _text(response: httpx.Response) -> str:
    return response.text


_started = _member("job", Job)
