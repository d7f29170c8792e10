"""Ingest and sync as jobs: an item from its bytes to the store, with the next one being parsed meanwhile."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath

from ingest.chunk import split
from ingest.curate.curator import Curator, counts
from ingest.embed import embed
from ingest.extract import Extracted, extract
from ingest.parse.pool import ParserPool
from ingest.types import ParsedDocument
from jobs.handler import ItemResult, is_transient
from jobs.worker import Worker
from rag.errors import IndexMismatch, NotFound, RagError, StoreError
from rag.models.loaded import Models
from rag.models.types import Encoder
from rag.settings import Settings
from rag.store import ItemRecord, JobItem, NewDocument, Outcome, Store, document_id
from rag.types import Document, Reason

log = logging.getLogger(__name__)


_JOB_ENDED = ItemResult(ended=True)


@dataclass(frozen=True, slots=True)
class _Done:
    """What became of an item, with what curation held back and found in its chunks."""

    outcome: Outcome
    chunks: int = 0
    quarantined: int = 0
    findings: Mapping[Reason, int] = field(default_factory=dict)


class Interrupted(Exception):
    """The item at hand is to be left as it is."""


class IngestHandler:
    """Parses, splits, embeds and commits what items ask for. What had been committed is found unchanged by
    its hash, so that an item may be processed again at any time.
    """

    kinds = frozenset({"ingest", "sync"})

    def __init__(self, settings: Settings, store: Store, encoder: Encoder | None = None) -> None:
        """`encoder` saves loading that of the settings."""
        self._store = store
        self._models = Models(settings, encoder)
        self._pool = ParserPool.of(settings)
        self._chunk_tokens = settings.chunk_tokens
        self._curator = Curator(store)
        self._ahead = ThreadPoolExecutor(1, "parse")
        self._loading: dict[int, Future[Extracted | None]] = {}
        self._moving: set[int] = set()
        self._stopped = threading.Event()
        self._current: ItemRecord | None = None

    @property
    def current_job(self) -> str | None:
        """The job of the item that is being processed."""
        item = self._current
        return None if item is None else item.job_id

    def interrupt(self) -> None:
        """Leave the item at hand as it is, within a moment: its parser is killed, its embedding stopped."""
        self._stopped.set()
        self._pool.interrupt()

    def close(self) -> None:
        """End the thread that parses ahead and the parser processes; call it when nothing is processed."""
        self._ahead.shutdown(cancel_futures=True)
        self._pool.close()

    def process(self, item: ItemRecord, following: ItemRecord | None, *, last_try: bool) -> ItemResult:
        """The item from its bytes to its outcome; `following` is loaded meanwhile.

        Raises the RagError of what may pass, unless this is the last try, and StoreError.
        """
        self._stopped.clear()
        self._current = item
        try:
            loading = self._take(item)
            self._loading = {following.id: self._take(following)} if following else {}
            result = self._finish(item, loading, last_try)
        finally:
            self._current = None
        if result.ended:
            self.discard_ahead()
        return result

    def discard_ahead(self) -> None:
        """What was loaded ahead will not be asked for."""
        self._loading = {}
        self._moving = set()

    def _take(self, item: ItemRecord) -> Future[Extracted | None]:
        return self._loading.pop(item.id, None) or self._ahead.submit(self._load, item)

    def _load(self, item: ItemRecord) -> Extracted | None:
        """The item's document; None for one that is to be deleted."""
        payload = self._store.jobs.payload(item.id)
        if payload is None and item.item.path is None:
            return None
        if item.item.origin and self._is_known(item.collection, item.item, None):
            return Extracted("", "", None)  # the remote store says that nothing changed
        return extract(item.item, payload, self._pool, lambda it, sha256: self._is_spared(item, sha256))

    def _is_spared(self, item: ItemRecord, sha256: str) -> bool:
        """Whether nothing needs parsing: the content is in the store, under this source or a vanished one."""
        if self._is_known(item.collection, item.item, sha256):
            return True
        if item.item.path is not None and self._store.documents.has_vanished(item.job_id, sha256):
            self._moving.add(item.id)
            return True
        return False

    def _is_known(self, collection: str, item: JobItem, sha256: str | None) -> bool:
        """Whether the store has this content, free of errors; its encoder is then the collection's.

        Without a hash, what a remote store says of the version decides. What a client says of a document is
        not looked at: an item with a title or metadata goes all the way.
        """
        if item.title or item.metadata:
            return False
        record = self._store.documents.find(collection, item.source)
        if record is None or record.status != "ready" or record.error_code:
            return False
        if sha256 is None:
            return self._store.documents.origin(record.document.id) == item.origin
        return self._store.documents.content_sha256(record.document.id) == sha256

    def _finish(self, item: ItemRecord, loading: Future[Extracted | None], last_try: bool) -> ItemResult:
        """Commit what was loaded, then the item's outcome: a crash in between repeats the item, unchanged."""
        try:
            loaded = loading.result()
            self._check(item)
            done = self._commit(item, loaded)
        except Interrupted:
            return _JOB_ENDED
        except RagError as error:
            return self._failed(item, error, last_try)
        except Exception as error:
            log.exception("%s could not be ingested", item.item.source)
            return self._failed(item, RagError(f"{type(error).__name__}: {error}"), last_try)
        return self._record(item, done)

    def _failed(self, item: ItemRecord, error: RagError, last_try: bool) -> ItemResult:
        if self._is_over(item):  # a parser that was interrupted says that it crashed
            return _JOB_ENDED
        if isinstance(error, StoreError) and error.code != "store_failed":
            raise error
        if is_transient(error) and not last_try:
            raise error
        return self._fail(item, error)

    def _is_over(self, item: ItemRecord) -> bool:
        """Whether the item is no longer wanted: interrupted, or its job cancelled or gone."""
        if self._stopped.is_set():
            return True
        try:
            return self._store.jobs.status(item.job_id) == "cancelled"
        except NotFound:
            return True

    def _check(self, item: ItemRecord) -> None:
        if self._is_over(item):
            raise Interrupted

    def _commit(self, item: ItemRecord, loaded: Extracted | None) -> _Done:
        if loaded is None:
            return _Done(self._remove(item.collection, item.item))
        if loaded.document is None and item.id in self._moving:
            return self._move(item, loaded)
        if loaded.document is None:
            self._note_origin(item.collection, item.item, loaded)
            return _Done("unchanged")
        return self._put(item, loaded, loaded.document)

    def _put(self, item: ItemRecord, loaded: Extracted, document: ParsedDocument) -> _Done:
        """Encode and commit; once more when another encoder took over meanwhile."""
        encoder = self._encoder(item.collection)
        new = self._new_document(item.collection, item.item, loaded, document, encoder)
        try:
            outcome = self._store.documents.put(new)
        except IndexMismatch:
            now = self._encoder(item.collection)
            if now is encoder:
                raise
            new = self._new_document(item.collection, item.item, loaded, document, now)
            outcome = self._store.documents.put(new)
        if outcome == "unchanged":
            return _Done(outcome, len(new.chunks))
        record = self._store.documents.find(item.collection, item.item.source)  # None: deleted since
        held = record.quarantined if record else 0
        return _Done(outcome, len(new.chunks), quarantined=held, findings=counts(new.chunks))

    def _move(self, item: ItemRecord, loaded: Extracted) -> _Done:
        """Move the vanished document; where there is none of the same format, read the file after all."""
        self._moving.discard(item.id)
        if self._store.documents.move(item.job_id, item.item.source, loaded.sha256, loaded.media_type):
            self._note_origin(item.collection, item.item, loaded)
            return _Done("moved")
        known = partial(self._is_known, item.collection)
        return self._commit(item, extract(item.item, None, self._pool, known))

    def _note_origin(self, collection: str, item: JobItem, loaded: Extracted) -> None:
        """Keep what the remote store said of the content that was fetched and found to be the stored one."""
        if item.origin and loaded.sha256:
            self._store.documents.set_origin(document_id(collection, item.source), item.origin)

    def _encoder(self, collection: str) -> Encoder:
        """The encoder of the collection's vectors, that of the settings while it has none."""
        return self._models.bound_encoder(self._store.collections.get(collection).encoder, collection)

    def _remove(self, collection: str, item: JobItem) -> Outcome:
        with suppress(NotFound):  # gone already, or moved by another worker
            self._store.documents.delete(document_id(collection, item.source))
        return "removed"

    def _new_document(
        self, collection: str, item: JobItem, loaded: Extracted, document: ParsedDocument, encoder: Encoder
    ) -> NewDocument:
        pieces = split(document, encoder.token_spans, self._chunk_tokens)
        info = encoder.info
        described = Document(
            id=document_id(collection, item.source),
            collection=collection,
            source=item.source,
            title=item.title or document.title or PurePosixPath(item.source).name,
            media_type=loaded.media_type,
            text_sha256=hashlib.sha256(document.text.encode()).hexdigest(),
            pages=document.pages,
            metadata={**document.metadata, **item.metadata},
        )
        embedded = embed(document, pieces, encoder, self._may_go_on)
        chunks = self._curator.curate(described, document.text, embedded)
        return NewDocument(
            described, document.text, loaded.sha256, chunks, info.name, info.revision, item.origin
        )

    def _may_go_on(self) -> None:
        if self._stopped.is_set():
            raise Interrupted

    def _fail(self, item: ItemRecord, error: RagError) -> ItemResult:
        """Record the failure with the document and the item; a deleted collection ends the job instead."""
        try:
            if not item.item.source.endswith("/"):  # a folder is no document
                self._store.documents.fail(item.collection, item.item.source, error.code, error.message)
        except NotFound:
            return _JOB_ENDED
        return self._record(item, _Done("failed"), (error.code, error.message))

    def _record(self, item: ItemRecord, done: _Done, error: tuple[str, str] | None = None) -> ItemResult:
        """The item's outcome, unless its job has gone with the collection."""
        try:
            self._store.jobs.finish_item(
                item.id, done.outcome, error, done.quarantined, done.findings, done.chunks
            )
        except NotFound:
            return _JOB_ENDED
        return ItemResult(done.outcome, done.chunks)


def ingest_worker(settings: Settings, store: Store, encoder: Encoder | None = None) -> Worker:
    """A worker for ingest and sync alone."""
    return Worker(store, IngestHandler(settings, store, encoder))
