"""Clients of a running service: Client waits for each answer, AsyncClient is awaited.

Needs httpx and pydantic, and nothing of the service. Every method raises FootnoteError, for an error that the
service answers as well as for a service that cannot be reached (`service_unreachable`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from types import TracebackType
from typing import Literal, TypeVar
from urllib.parse import urlsplit

import httpx

from footnote import calls
from footnote.calls import Call, Case, Filters, Text, Turn
from footnote.errors import FootnoteError, error_of, unexpected
from footnote.models import (
    Answer,
    AnswerMode,
    AnswerStreamEvent,
    CheckPolicy,
    CheckResult,
    Chunk,
    Collection,
    Document,
    DocumentPage,
    DocumentStatus,
    Evaluation,
    EvaluationBrief,
    ExplainedHit,
    Job,
    JobStatus,
    Mode,
    RankedText,
    ReadResult,
    SearchResult,
)

T = TypeVar("T")
E = TypeVar("E")

URL = "http://127.0.0.1:8000"
TIMEOUT_S = 300.0
"""A question may wait for models that are being loaded, or for a slow language model."""


class Client:
    """A service at `url`, called with `key`; without one only `ready` works.

    `http` is an httpx client of your own (proxies, certificates, retries), which stays open when this one is
    closed. Threads may share a client.

        with Client("http://127.0.0.1:8000", key) as client:
            client.wait(client.upload("manuals", Path("manuals").glob("*.pdf")))
            print(client.ask("manuals", "What pressure is the pump rated for?").answer)
    """

    def __init__(
        self,
        url: str = URL,
        key: str | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
        http: httpx.Client | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self._key = key
        self._own = http is None
        self._http = http or httpx.Client(timeout=timeout_s, trust_env=not _is_local(url))

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        if self._own:
            self._http.close()

    def ready(self) -> bool:
        """Whether the service can answer questions now; False also while nothing listens yet."""
        try:
            return self._http.get(f"{self.url}/ready", timeout=5.0).status_code == 200
        except httpx.HTTPError:
            return False

    def collections(self) -> list[Collection]:
        """The collections that the key covers, with document and chunk counts."""
        return self._do(calls.collections())

    def collection(self, name: str) -> Collection:
        """One collection."""
        return self._do(calls.collection(name))

    def create_collection(self, name: str, description: str = "") -> Collection:
        """Make a collection; needs an admin key. `collection_exists` when there is one of that name."""
        return self._do(calls.create_collection(name, description))

    def delete_collection(self, name: str) -> None:
        """Delete a collection with every document in it; needs an admin key."""
        self._do(calls.delete_collection(name))

    def upload(
        self,
        collection: str,
        files: Iterable[Path],
        *,
        base: Path | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        """Send files in one request. A source is the path relative to `base`, without it the file's name;
        one that exists is replaced. The job goes on in the background, see `wait`.
        """
        return self._do(calls.upload(collection, files, base, idempotency_key))

    def add_texts(self, collection: str, texts: Sequence[Text], *, idempotency_key: str | None = None) -> Job:
        """Send documents given as text; a source that exists is replaced."""
        return self._do(calls.add_texts(collection, texts, idempotency_key))

    def sync(
        self,
        collection: str,
        path: str,
        *,
        delete_missing: bool = True,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        allow_empty: bool = False,
        idempotency_key: str | None = None,
    ) -> Job:
        """Bring a collection in step with a folder on the server, or a URL; patterns as in gitignore."""
        call = calls.sync(collection, path, delete_missing, include, exclude, allow_empty, idempotency_key)
        return self._do(call)

    def documents(
        self,
        collection: str,
        *,
        status: DocumentStatus | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> DocumentPage:
        """A page of documents, failed ones included; `next_cursor` of one page is `cursor` of the next."""
        return self._do(calls.documents(collection, status, limit, cursor))

    def document(self, document_id: str) -> Document:
        """One document with its status, error and counts."""
        return self._do(calls.document(document_id))

    def content(self, document_id: str) -> str:
        """The extracted text that all offsets count in."""
        return self._do(calls.content(document_id))

    def chunks(self, document_id: str) -> list[Chunk]:
        """A document's passages in order."""
        return self._do(calls.chunks(document_id))

    def delete_document(self, document_id: str) -> None:
        """Delete a document; it is gone from search when this returns."""
        self._do(calls.delete_document(document_id))

    def jobs(
        self, collection: str | None = None, *, status: JobStatus | None = None, limit: int = 50
    ) -> list[Job]:
        """Jobs, newest first."""
        return self._do(calls.jobs(collection, status, limit))

    def job(self, job_id: str) -> Job:
        """One job as it stands."""
        return self._do(calls.job(job_id))

    def cancel_job(self, job_id: str) -> Job:
        """Stop a job, in the middle of a file if need be; what was committed stays."""
        return self._do(calls.cancel_job(job_id))

    def retry_job(self, job_id: str) -> Job:
        """Try a job's failed and cancelled sources again."""
        return self._do(calls.retry_job(job_id))

    def job_events(self, job_id: str) -> Iterator[Job]:
        """The job at once and after every change, as the service tells it; ends with the job."""
        return self._events(calls.job_events(job_id), calls.job_event)

    def wait(self, job: Job | str, *, timeout_s: float | None = None, interval_s: float = 0.2) -> Job:
        """The job once it has ended, however. Raises FootnoteError `timeout` after `timeout_s` seconds."""
        ends = _deadline(timeout_s)
        job = self.job(job) if isinstance(job, str) else job
        while not job.ended:
            _not_after(ends, job)
            time.sleep(interval_s)
            job = self.job(job.id)
        return job

    def search(
        self,
        collection: str,
        query: str,
        *,
        k: int = 10,
        mode: Mode = "hybrid",
        rerank: bool = True,
        filters: Filters | None = None,
        explain: bool = False,
    ) -> SearchResult:
        """The `k` best passages, best first; `explain` adds what made each score."""
        return self._do(calls.search(collection, query, k, mode, rerank, filters, explain))

    def explain(
        self,
        collection: str,
        query: str,
        chunk_id: str,
        *,
        k: int = 10,
        mode: Mode = "hybrid",
        rerank: bool = True,
        filters: Filters | None = None,
        unit: Literal["words", "sentence"] = "words",
    ) -> ExplainedHit:
        """Why one passage has its score in this search, and what the reader makes of its parts."""
        call = calls.explain(collection, query, chunk_id, k, mode, rerank, filters, unit)
        return self._do(call)

    def ask(
        self,
        collection: str,
        question: str,
        *,
        k: int = 5,
        mode: AnswerMode = "auto",
        check: CheckPolicy | None = None,
        filters: Filters | None = None,
        history: Sequence[Turn] = (),
    ) -> Answer:
        """An answer with a footnote behind every sentence, or the reason why there is none.

        `check` None leaves the policy to the service; `history` has the conversation's earlier turns, oldest
        first. `no_generator` for mode `generative` without an LLM.
        """
        return self._do(calls.ask(collection, question, k, mode, check, filters, history))

    def ask_events(
        self,
        collection: str,
        question: str,
        *,
        k: int = 5,
        mode: AnswerMode = "auto",
        check: CheckPolicy | None = None,
        filters: Filters | None = None,
        history: Sequence[Turn] = (),
    ) -> Iterator[AnswerStreamEvent]:
        """The answer as it comes: hits, tokens, sentences, citations, then the whole as AnswerEvent."""
        call = calls.ask(collection, question, k, mode, check, filters, history, stream=True)
        return self._events(call, calls.answer_event)

    def read(self, question: str, passages: Sequence[str]) -> ReadResult:
        """The spans of these passages that answer, best first, with calibrated probabilities."""
        return self._do(calls.read(question, passages))

    def check(self, answer: str, context: Sequence[str], question: str | None = None) -> CheckResult:
        """A verdict on each sentence of the answer: supported, contradicted or unsupported by the context."""
        return self._do(calls.check(answer, context, question))

    def rerank(
        self, query: str, texts: Sequence[str], *, top_n: int | None = None, model: str = ""
    ) -> list[RankedText]:
        """The texts' places in order of relevance; `model` names the encoder (default) or the reader."""
        return self._do(calls.rerank(query, texts, top_n, model))

    def evaluate(
        self,
        collection: str,
        cases: Sequence[Case],
        *,
        metrics: Sequence[str] | None = None,
        k: int = 5,
        mode: AnswerMode = "auto",
        check: CheckPolicy | None = None,
    ) -> Job:
        """Ask every case's question and score the answers, in a job whose id is the evaluation's.

        Without `metrics` every one that needs no LLM scores the cases it applies to.
        """
        return self._do(calls.evaluate(collection, cases, metrics, k, mode, check))

    def evaluations(self, collection: str | None = None, *, limit: int = 50) -> list[EvaluationBrief]:
        """Evaluations, newest first."""
        return self._do(calls.evaluations(collection, limit))

    def evaluation(self, evaluation_id: str) -> Evaluation:
        """How far an evaluation is, and once it has ended its scores and rows."""
        return self._do(calls.evaluation(evaluation_id))

    def evaluation_report(
        self,
        evaluation_id: str,
        *,
        form: Literal["html", "markdown", "json"] = "html",
        baseline: str | None = None,
    ) -> str:
        """The report of an evaluation that has ended, compared with that of `baseline` if one is named."""
        return self._do(calls.evaluation_report(evaluation_id, form, baseline))

    def _do(self, call: Call[T]) -> T:
        try:
            response = self._http.send(_request(self._http, self.url, self._key, call))
        except httpx.HTTPError as error:
            raise _unreachable(self.url, error) from error
        return _result(call, response)

    def _events(self, call: Call[T], parse: Callable[[str, str], E | None]) -> Iterator[E]:
        lines = calls.EventLines()
        try:
            response = self._http.send(_request(self._http, self.url, self._key, call), stream=True)
            with closing(response):
                if response.is_error:
                    response.read()
                    raise error_of(response)
                for line in response.iter_lines():
                    event = lines.feed(line)
                    parsed = parse(*event) if event else None
                    if parsed is not None:
                        yield parsed
        except httpx.HTTPError as error:
            raise _unreachable(self.url, error) from error


class AsyncClient:
    """The same as Client for code that awaits; `job_events` and `ask_events` are iterated with `async for`.

    One event loop may use it.
    """

    def __init__(
        self,
        url: str = URL,
        key: str | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self._key = key
        self._own = http is None
        self._http = http or httpx.AsyncClient(timeout=timeout_s, trust_env=not _is_local(url))

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        if self._own:
            await self._http.aclose()

    async def ready(self) -> bool:
        """Whether the service can answer questions now; False also while nothing listens yet."""
        try:
            return (await self._http.get(f"{self.url}/ready", timeout=5.0)).status_code == 200
        except httpx.HTTPError:
            return False

    async def collections(self) -> list[Collection]:
        """The collections that the key covers, with document and chunk counts."""
        return await self._do(calls.collections())

    async def collection(self, name: str) -> Collection:
        """One collection."""
        return await self._do(calls.collection(name))

    async def create_collection(self, name: str, description: str = "") -> Collection:
        """Make a collection; needs an admin key. `collection_exists` when there is one of that name."""
        return await self._do(calls.create_collection(name, description))

    async def delete_collection(self, name: str) -> None:
        """Delete a collection with every document in it; needs an admin key."""
        await self._do(calls.delete_collection(name))

    async def upload(
        self,
        collection: str,
        files: Iterable[Path],
        *,
        base: Path | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        """Send files in one request. A source is the path relative to `base`, without it the file's name;
        one that exists is replaced. The job goes on in the background, see `wait`.
        """
        return await self._do(calls.upload(collection, files, base, idempotency_key))

    async def add_texts(
        self, collection: str, texts: Sequence[Text], *, idempotency_key: str | None = None
    ) -> Job:
        """Send documents given as text; a source that exists is replaced."""
        return await self._do(calls.add_texts(collection, texts, idempotency_key))

    async def sync(
        self,
        collection: str,
        path: str,
        *,
        delete_missing: bool = True,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        allow_empty: bool = False,
        idempotency_key: str | None = None,
    ) -> Job:
        """Bring a collection in step with a folder on the server, or a URL; patterns as in gitignore."""
        call = calls.sync(collection, path, delete_missing, include, exclude, allow_empty, idempotency_key)
        return await self._do(call)

    async def documents(
        self,
        collection: str,
        *,
        status: DocumentStatus | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> DocumentPage:
        """A page of documents, failed ones included; `next_cursor` of one page is `cursor` of the next."""
        return await self._do(calls.documents(collection, status, limit, cursor))

    async def document(self, document_id: str) -> Document:
        """One document with its status, error and counts."""
        return await self._do(calls.document(document_id))

    async def content(self, document_id: str) -> str:
        """The extracted text that all offsets count in."""
        return await self._do(calls.content(document_id))

    async def chunks(self, document_id: str) -> list[Chunk]:
        """A document's passages in order."""
        return await self._do(calls.chunks(document_id))

    async def delete_document(self, document_id: str) -> None:
        """Delete a document; it is gone from search when this returns."""
        await self._do(calls.delete_document(document_id))

    async def jobs(
        self, collection: str | None = None, *, status: JobStatus | None = None, limit: int = 50
    ) -> list[Job]:
        """Jobs, newest first."""
        return await self._do(calls.jobs(collection, status, limit))

    async def job(self, job_id: str) -> Job:
        """One job as it stands."""
        return await self._do(calls.job(job_id))

    async def cancel_job(self, job_id: str) -> Job:
        """Stop a job, in the middle of a file if need be; what was committed stays."""
        return await self._do(calls.cancel_job(job_id))

    async def retry_job(self, job_id: str) -> Job:
        """Try a job's failed and cancelled sources again."""
        return await self._do(calls.retry_job(job_id))

    def job_events(self, job_id: str) -> AsyncIterator[Job]:
        """The job at once and after every change, as the service tells it; ends with the job."""
        return self._events(calls.job_events(job_id), calls.job_event)

    async def wait(self, job: Job | str, *, timeout_s: float | None = None, interval_s: float = 0.2) -> Job:
        """The job once it has ended, however. Raises FootnoteError `timeout` after `timeout_s` seconds."""
        ends = _deadline(timeout_s)
        job = await self.job(job) if isinstance(job, str) else job
        while not job.ended:
            _not_after(ends, job)
            await asyncio.sleep(interval_s)
            job = await self.job(job.id)
        return job

    async def search(
        self,
        collection: str,
        query: str,
        *,
        k: int = 10,
        mode: Mode = "hybrid",
        rerank: bool = True,
        filters: Filters | None = None,
        explain: bool = False,
    ) -> SearchResult:
        """The `k` best passages, best first; `explain` adds what made each score."""
        return await self._do(calls.search(collection, query, k, mode, rerank, filters, explain))

    async def explain(
        self,
        collection: str,
        query: str,
        chunk_id: str,
        *,
        k: int = 10,
        mode: Mode = "hybrid",
        rerank: bool = True,
        filters: Filters | None = None,
        unit: Literal["words", "sentence"] = "words",
    ) -> ExplainedHit:
        """Why one passage has its score in this search, and what the reader makes of its parts."""
        call = calls.explain(collection, query, chunk_id, k, mode, rerank, filters, unit)
        return await self._do(call)

    async def ask(
        self,
        collection: str,
        question: str,
        *,
        k: int = 5,
        mode: AnswerMode = "auto",
        check: CheckPolicy | None = None,
        filters: Filters | None = None,
        history: Sequence[Turn] = (),
    ) -> Answer:
        """An answer with a footnote behind every sentence, or the reason why there is none.

        `check` None leaves the policy to the service; `history` has the conversation's earlier turns, oldest
        first. `no_generator` for mode `generative` without an LLM.
        """
        return await self._do(calls.ask(collection, question, k, mode, check, filters, history))

    def ask_events(
        self,
        collection: str,
        question: str,
        *,
        k: int = 5,
        mode: AnswerMode = "auto",
        check: CheckPolicy | None = None,
        filters: Filters | None = None,
        history: Sequence[Turn] = (),
    ) -> AsyncIterator[AnswerStreamEvent]:
        """The answer as it comes: hits, tokens, sentences, citations, then the whole as AnswerEvent."""
        call = calls.ask(collection, question, k, mode, check, filters, history, stream=True)
        return self._events(call, calls.answer_event)

    async def read(self, question: str, passages: Sequence[str]) -> ReadResult:
        """The spans of these passages that answer, best first, with calibrated probabilities."""
        return await self._do(calls.read(question, passages))

    async def check(self, answer: str, context: Sequence[str], question: str | None = None) -> CheckResult:
        """A verdict on each sentence of the answer: supported, contradicted or unsupported by the context."""
        return await self._do(calls.check(answer, context, question))

    async def rerank(
        self, query: str, texts: Sequence[str], *, top_n: int | None = None, model: str = ""
    ) -> list[RankedText]:
        """The texts' places in order of relevance; `model` names the encoder (default) or the reader."""
        return await self._do(calls.rerank(query, texts, top_n, model))

    async def evaluate(
        self,
        collection: str,
        cases: Sequence[Case],
        *,
        metrics: Sequence[str] | None = None,
        k: int = 5,
        mode: AnswerMode = "auto",
        check: CheckPolicy | None = None,
    ) -> Job:
        """Ask every case's question and score the answers, in a job whose id is the evaluation's.

        Without `metrics` every one that needs no LLM scores the cases it applies to.
        """
        return await self._do(calls.evaluate(collection, cases, metrics, k, mode, check))

    async def evaluations(self, collection: str | None = None, *, limit: int = 50) -> list[EvaluationBrief]:
        """Evaluations, newest first."""
        return await self._do(calls.evaluations(collection, limit))

    async def evaluation(self, evaluation_id: str) -> Evaluation:
        """How far an evaluation is, and once it has ended its scores and rows."""
        return await self._do(calls.evaluation(evaluation_id))

    async def evaluation_report(
        self,
        evaluation_id: str,
        *,
        form: Literal["html", "markdown", "json"] = "html",
        baseline: str | None = None,
    ) -> str:
        """The report of an evaluation that has ended, compared with that of `baseline` if one is named."""
        return await self._do(calls.evaluation_report(evaluation_id, form, baseline))

    async def _do(self, call: Call[T]) -> T:
        try:
            response = await self._http.send(_request(self._http, self.url, self._key, call))
        except httpx.HTTPError as error:
            raise _unreachable(self.url, error) from error
        return _result(call, response)

    async def _events(self, call: Call[T], parse: Callable[[str, str], E | None]) -> AsyncIterator[E]:
        lines = calls.EventLines()
        try:
            response = await self._http.send(_request(self._http, self.url, self._key, call), stream=True)
            async with _aclosing(response):
                if response.is_error:
                    await response.aread()
                    raise error_of(response)
                async for line in response.aiter_lines():
                    event = lines.feed(line)
                    parsed = parse(*event) if event else None
                    if parsed is not None:
                        yield parsed
        except httpx.HTTPError as error:
            raise _unreachable(self.url, error) from error


@asynccontextmanager
async def _aclosing(response: httpx.Response) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await response.aclose()


def _request(
    http: httpx.Client | httpx.AsyncClient, url: str, key: str | None, call: Call[T]
) -> httpx.Request:
    headers = {**call.headers, **({"Authorization": f"Bearer {key}"} if key else {})}
    return http.build_request(
        call.method,
        url + call.path,
        params=dict(call.params),
        json=call.body,
        files=list(call.files) if call.files is not None else None,
        headers=headers,
    )


def _result(call: Call[T], response: httpx.Response) -> T:
    if response.is_error:
        raise error_of(response)
    try:
        return call.read(response)
    except (ValueError, KeyError, TypeError) as error:
        raise unexpected(error) from error


def _unreachable(url: str, error: httpx.HTTPError) -> FootnoteError:
    message = f"{url} does not answer: {error or type(error).__name__}."
    return FootnoteError(message, code="service_unreachable", status=503)


def _is_local(url: str) -> bool:
    """A proxy for the outside world must not be asked about this machine."""
    return urlsplit(url).hostname in ("127.0.0.1", "::1", "localhost")


def _deadline(timeout_s: float | None) -> float:
    return float("inf") if timeout_s is None else time.monotonic() + timeout_s


def _not_after(deadline: float, job: Job) -> None:
    if time.monotonic() > deadline:
        raise FootnoteError(f"Job {job.id} is still {job.status}.", code="timeout", status=504)
