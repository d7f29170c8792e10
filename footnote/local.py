"""Footnote in this process, without a service: `Footnote`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from pydantic import ValidationError

from footnote.calls import Filters, Text, Turn
from footnote.errors import FootnoteError
from footnote.models import Answer, AnswerMode, CheckPolicy, CheckResult, Collection, Job, Mode, SearchResult
from footnote.results import answer_of, check_result_of, job_of, search_result_of
from footnote.service import open_with_stage
from ingest.handler import ingest_worker
from ingest.submit import location, submit_folder, submit_uploads
from ingest.types import SyncOptions, Upload
from jobs.progress import Progress
from rag import types
from rag.answer.ask import Ask
from rag.answer.check import check_text
from rag.errors import Busy, NotFound, RagError
from rag.search.filters import parse_filter
from rag.settings import Settings
from rag.types import Query

OnProgress = Callable[[int, int, str], None]
"""Told after each source: how many are done, of how many, and its name; called by another thread."""


class Footnote:
    """Answers from your documents, in this process.

    `data` is the folder of the store and its indexes, which a service may use at the same time; `collection`
    is the one that every call means unless it names another. Further keywords are settings, as in
    footnote.toml (`llm_url="http://localhost:11434/v1"`); what is not given is as for the service. The models
    are loaded when they are first wanted. Results are those of Client; what goes wrong is a FootnoteError.

        with Footnote("footnote-data") as footnote:
            footnote.ingest("manuals/")
            answer = footnote.ask("How often is the filter changed?")
            print(answer.answer, [citation.source for citation in answer.citations])
    """

    def __init__(
        self, data: Path | str = "footnote-data", *, collection: str = "default", **settings: object
    ) -> None:
        with _translated():
            self.settings = Settings.model_validate({"data": data, **settings})
            self._service = open_with_stage(self.settings)
        self.collection = collection

    def __enter__(self) -> Footnote:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the store and the indexes."""
        self._service.close()

    def collections(self) -> list[Collection]:
        """Every collection, with document and chunk counts."""
        with _translated():
            found = self._service.store.collections.all()
        return [
            Collection(
                name=one.name,
                description=one.description,
                documents=one.documents,
                chunks=one.chunks,
                version=one.version,
                created_at=one.created_at,
                encoder=one.encoder.name if one.encoder else None,
                encoder_revision=one.encoder.revision if one.encoder else None,
            )
            for one in found
        ]

    def ingest(
        self,
        what: Path | str | Sequence[Text],
        *,
        collection: str | None = None,
        delete_missing: bool = False,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        on_progress: OnProgress | None = None,
    ) -> Job:
        """Read a folder, a file, a URL or texts into a collection, made if need be; returns when all is done.

        A folder's sources are its paths; unchanged files are skipped, changed ones replaced, and with
        `delete_missing` those that are gone are deleted. `include` and `exclude` are patterns as in
        gitignore. A file that cannot be read is an error of the job (`job.errors`), not an exception.
        """
        name = collection or self.collection
        store = self._service.store
        with _translated():
            try:
                store.collections.get(name)
            except NotFound:
                store.collections.create(name)
            if isinstance(what, Path | str):
                options = SyncOptions(delete_missing, tuple(include), tuple(exclude))
                job = submit_folder(store, name, location(str(what)), options, skip=[self.settings.data])
            else:
                job = submit_uploads(store, name, [_upload(text) for text in what])
            with ingest_worker(self.settings, store, self._service.models.encoder) as worker:
                worker.drain(_teller(job.id, on_progress))
            return job_of(store.jobs.get(job.id))

    def delete(self, source: str, *, collection: str | None = None) -> None:
        """Delete a document by its source; it is gone from search when this returns."""
        with _translated():
            found = self._service.store.documents.find(collection or self.collection, source)
            if found is None:
                raise NotFound(f"There is no document {source!r}.", code="document_not_found")
            self._service.store.documents.delete(found.document.id)

    def search(
        self,
        query: str,
        *,
        collection: str | None = None,
        k: int = 10,
        mode: Mode = "hybrid",
        rerank: bool = True,
        filters: Filters | None = None,
        explain: bool = False,
    ) -> SearchResult:
        """The `k` best passages, best first; `explain` adds what made each score."""
        with _translated():
            wanted = Query(query, collection or self.collection, k, parse_filter(filters), mode)
            return search_result_of(self._service.searcher.find(wanted, rerank=rerank, explain=explain))

    def ask(
        self,
        question: str,
        *,
        collection: str | None = None,
        k: int = 5,
        mode: AnswerMode = "auto",
        check: CheckPolicy | None = None,
        filters: Filters | None = None,
        history: Sequence[Turn] = (),
    ) -> Answer:
        """An answer with a footnote behind every sentence, or the reason why there is none (`abstained`).

        `history` has the conversation's earlier turns, oldest first.
        """
        with _translated():
            turns = tuple(types.Turn(turn["role"], turn["content"]) for turn in history)
            wanted = parse_filter(filters)
            asked = Ask(question, collection or self.collection, k, mode, check, wanted, turns)
            return answer_of(self._service.answerer.answer(asked))

    def check(self, answer: str, context: Sequence[str], question: str | None = None) -> CheckResult:
        """A verdict on each sentence of any answer: supported, contradicted or unsupported by the context."""
        with _translated():
            return check_result_of(check_text(answer, context, self._service.models.checker, question))


def _upload(text: Text) -> Upload:
    return Upload(
        text["source"],
        text["text"].encode(),
        text.get("media_type", "text/plain"),
        text.get("title", ""),
        text.get("metadata", {}),
    )


def _teller(job_id: str, on_progress: OnProgress | None) -> Callable[[Progress], None] | None:
    """Passes on the progress of one job: the worker may finish others that were left behind."""
    if on_progress is None:
        return None

    def tell(progress: Progress) -> None:
        if progress.job.id == job_id:
            on_progress(progress.done, progress.total, progress.source)

    return tell


@contextmanager
def _translated() -> Iterator[None]:
    """Our errors as those that people who import catch."""
    try:
        yield
    except RagError as error:
        raise FootnoteError(
            error.message,
            code=error.code,
            status=error.status,
            retry_after=error.retry_after if isinstance(error, Busy) else None,
            details=error.details,
        ) from error
    except ValidationError as error:
        raise FootnoteError(str(error), code="invalid_settings", status=422) from error
