"""One item of a job from its bytes to the store, with the next one being parsed meanwhile."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import PurePosixPath

from ingest.chunk import split
from ingest.embed import embed
from ingest.load import Loaded, load
from ingest.parse.pool import ParserPool
from ingest.types import ParsedDocument
from rag.errors import IndexMismatch, NotFound, RagError, StoreError
from rag.models.encoders import Encoders
from rag.models.types import Encoder
from rag.store import ItemRecord, JobItem, NewDocument, Outcome, Store, document_id
from rag.types import Document, Job

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of an item. `ended` says that the whole job has: cancelled, or its collection deleted."""

    chunks: int = 0
    ended: bool = False


class ItemWorker:
    """Carries out items. Whatever is wrong with one is recorded there, and the next one follows."""

    def __init__(self, store: Store, encoders: Encoders, pool: ParserPool, chunk_tokens: int) -> None:
        self._store = store
        self._encoders = encoders
        self._pool = pool
        self._chunk_tokens = chunk_tokens

    def carry_out(self, job: Job, items: Sequence[ItemRecord]) -> Iterator[tuple[ItemRecord, Carried]]:
        """Every item in order, each with what became of it; the next is parsed while one is embedded."""
        with ThreadPoolExecutor(1, "parse") as ahead:
            following: Future[Loaded | None] | None = None
            for index, item in enumerate(items):
                loading = following or ahead.submit(self._load, job, item)
                rest = items[index + 1 : index + 2]
                following = ahead.submit(self._load, job, rest[0]) if rest else None
                yield item, self._finish(job, item, loading)

    def _load(self, job: Job, item: ItemRecord) -> Loaded | None:
        """The item's document; None for one that is to be deleted."""
        payload = self._store.item_payload(item.id)
        if payload is None and item.item.path is None:
            return None
        return load(
            item.item, payload, self._pool, lambda it, sha256: self._is_known(job.collection, it, sha256)
        )

    def _is_known(self, collection: str, item: JobItem, sha256: str) -> bool:
        """Whether the store has this content, free of errors; its encoder is then the collection's.

        What a client says of a document is not looked at: an item with a title or metadata goes all the way.
        """
        if item.title or item.metadata:
            return False
        record = self._store.find(collection, item.source)
        if record is None or record.status != "ready" or record.error_code:
            return False
        return self._store.content_sha256(record.document.id) == sha256

    def _finish(self, job: Job, item: ItemRecord, loading: Future[Loaded | None]) -> Carried:
        """Commit what was loaded, then the item's outcome: a crash in between repeats the item, unchanged."""
        try:
            loaded = loading.result()
            if self._store.job(job.id).status == "cancelled":
                return Carried(ended=True)
            outcome, chunks = self._commit(job.collection, item.item, loaded)
        except StoreError as error:
            if error.code != "store_failed":
                raise
            return self._fail(job, item, error)
        except RagError as error:
            return self._fail(job, item, error)
        except Exception as error:
            log.exception("%s could not be ingested", item.item.source)
            return self._fail(job, item, RagError(f"{type(error).__name__}: {error}"))
        return self._record(item, Carried(chunks), outcome)

    def _commit(self, collection: str, item: JobItem, loaded: Loaded | None) -> tuple[Outcome, int]:
        if loaded is None:
            return self._remove(collection, item), 0
        if loaded.document is None:
            return "unchanged", 0
        encoder = self._encoder(collection)
        new = self._new_document(collection, item, loaded, loaded.document, encoder)
        try:
            return self._store.put_document(new), len(new.chunks)
        except IndexMismatch:
            now = self._encoder(collection)  # another one may have taken over meanwhile
            if now is encoder:
                raise
        new = self._new_document(collection, item, loaded, loaded.document, now)
        return self._store.put_document(new), len(new.chunks)

    def _encoder(self, collection: str) -> Encoder:
        """The encoder of the collection's vectors, that of the settings while it has none."""
        return self._encoders.bound(self._store.collection(collection).encoder, collection)

    def _remove(self, collection: str, item: JobItem) -> Outcome:
        if self._store.find(collection, item.source) is not None:
            self._store.delete_document(document_id(collection, item.source))
        return "removed"

    def _new_document(
        self, collection: str, item: JobItem, loaded: Loaded, document: ParsedDocument, encoder: Encoder
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
        chunks = embed(document, pieces, encoder)
        return NewDocument(described, document.text, loaded.sha256, chunks, info.name, info.revision)

    def _fail(self, job: Job, item: ItemRecord, error: RagError) -> Carried:
        """Record the failure with the document and the item; a deleted collection ends the job instead."""
        try:
            self._store.fail_document(job.collection, item.item.source, error.code, error.message)
        except NotFound:
            return Carried(ended=True)
        return self._record(item, Carried(), "failed", (error.code, error.message))

    def _record(
        self, item: ItemRecord, carried: Carried, outcome: Outcome, error: tuple[str, str] | None = None
    ) -> Carried:
        """The item's outcome, unless its job has gone with the collection."""
        try:
            self._store.finish_item(item.id, outcome, error)
        except NotFound:
            return Carried(carried.chunks, ended=True)
        return carried
