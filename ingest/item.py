"""One item of a job from its bytes to the store, with the next one being parsed meanwhile."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

from ingest.chunk import split
from ingest.embed import embed
from ingest.load import Loaded, load
from ingest.parse.pool import ParserPool
from ingest.types import ParsedDocument
from rag.errors import NotFound, RagError, StoreError
from rag.models.types import Encoder
from rag.store import ItemRecord, JobItem, NewDocument, Outcome, Store, document_id
from rag.types import Document, Job

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of an item. `ended` says that the whole job has: cancelled, or its collection deleted."""

    chunks: int = 0
    ended: bool = False


def deletions_last(pending: Sequence[ItemRecord]) -> Sequence[ItemRecord]:
    """A job's items without those that delete, unless no others are left: a moved file is known by them."""
    return [item for item in pending if item.item.path is not None] or pending


class ItemWorker:
    """Carries out items. Whatever is wrong with one is recorded there, and the next one follows."""

    def __init__(self, store: Store, encoder: Encoder, pool: ParserPool, chunk_tokens: int) -> None:
        self._store = store
        self._encoder = encoder
        self._pool = pool
        self._chunk_tokens = chunk_tokens
        self._moving: set[int] = set()

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
        if item.item.origin and self._is_known(job.collection, item.item, None):
            return Loaded("", "", None)  # the remote store says that nothing changed
        return load(item.item, payload, self._pool, lambda it, sha256: self._is_spared(job, item, sha256))

    def _is_spared(self, job: Job, item: ItemRecord, sha256: str) -> bool:
        """Whether nothing needs parsing: the content is in the store, under this source or a vanished one."""
        if self._is_known(job.collection, item.item, sha256):
            return True
        if job.kind == "sync" and self._encodes(job.collection) and self._store.has_vanished(job.id, sha256):
            self._moving.add(item.id)
            return True
        return False

    def _is_known(self, collection: str, item: JobItem, sha256: str | None) -> bool:
        """Whether the store has this content, free of errors and encoded by this model.

        Without a hash, what a remote store says of the version decides. What a client says of a document is
        not looked at: an item with a title or metadata goes all the way.
        """
        if item.title or item.metadata:
            return False
        record = self._store.find(collection, item.source)
        if record is None or record.status != "ready" or record.error_code or not self._encodes(collection):
            return False
        if sha256 is None:
            return self._store.origin(record.document.id) == item.origin
        return self._store.content_sha256(record.document.id) == sha256

    def _encodes(self, collection: str) -> bool:
        """Whether the collection's vectors are this encoder's."""
        info, bound = self._encoder.info, self._store.bound_model(collection)
        return bound is not None and bound[:2] == (info.name, info.revision)

    def _finish(self, job: Job, item: ItemRecord, loading: Future[Loaded | None]) -> Carried:
        """Commit what was loaded, then the item's outcome: a crash in between repeats the item, unchanged."""
        try:
            loaded = loading.result()
            if self._store.job(job.id).status == "cancelled":
                return Carried(ended=True)
            outcome, chunks = self._commit(job, item, loaded)
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

    def _commit(self, job: Job, item: ItemRecord, loaded: Loaded | None) -> tuple[Outcome, int]:
        if loaded is None:
            return self._remove(job.collection, item.item), 0
        if loaded.document is None and item.id in self._moving:
            return self._move(job, item, loaded)
        if loaded.document is None:
            self._see(job.collection, item.item, loaded)
            return "unchanged", 0
        new = self._new_document(job.collection, item.item, loaded, loaded.document)
        return self._store.put_document(new), len(new.chunks)

    def _move(self, job: Job, item: ItemRecord, loaded: Loaded) -> tuple[Outcome, int]:
        """Move the vanished document; where there is none of the same format, read the file after all."""
        self._moving.discard(item.id)
        if self._store.move_document(job.id, item.item.source, loaded.sha256, loaded.media_type):
            self._see(job.collection, item.item, loaded)
            return "moved", 0
        known = partial(self._is_known, job.collection)
        return self._commit(job, item, load(item.item, None, self._pool, known))

    def _see(self, collection: str, item: JobItem, loaded: Loaded) -> None:
        """Keep what the remote store said of the content that was fetched and found to be the stored one."""
        if item.origin and loaded.sha256:
            self._store.set_origin(document_id(collection, item.source), item.origin)

    def _remove(self, collection: str, item: JobItem) -> Outcome:
        with suppress(NotFound):  # gone already, or moved by another worker
            self._store.delete_document(document_id(collection, item.source))
        return "removed"

    def _new_document(
        self, collection: str, item: JobItem, loaded: Loaded, document: ParsedDocument
    ) -> NewDocument:
        pieces = split(document, self._encoder.token_spans, self._chunk_tokens)
        info = self._encoder.info
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
        chunks = embed(document, pieces, self._encoder)
        return NewDocument(
            described, document.text, loaded.sha256, chunks, info.name, info.revision, item.origin
        )

    def _fail(self, job: Job, item: ItemRecord, error: RagError) -> Carried:
        """Record the failure with the document and the item; a deleted collection ends the job instead."""
        try:
            if not item.item.source.endswith("/"):  # a folder is no document
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
