"""Another encoder for a collection, as a job: passages are encoded anew from what the store holds of them.

The new vectors are written beside those that searches use. When no chunk is left without one, the encoder is
switched in one transaction, and the old vectors go. Neither a file nor a parser is needed. A worker that is
killed leaves the job running; the next one goes on with the chunks that still lack a vector. What a job that
was cancelled has written is cleared by whichever worker comes by.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from ingest.embed import encode, passage
from jobs.progress import JobProgress, Stopped
from jobs.worker import Worker
from rag.errors import Conflict, NotFound
from rag.models.registry import load_encoder
from rag.models.types import Encoder
from rag.settings import Settings
from rag.store import JobItem, NewVectors, Outcome, Store, UnembeddedChunk
from rag.store.records import JobRequest
from rag.types import Job, JobStatus

KIND = "reembed"
PARTS = 100
"""Items of a job at most: each stands for as many of the chunks, so that its counts tell how far it is."""
SWITCH = "switch"
KEEP_OLD_S = 5.0
"""How long the old vectors stay after the switch: a process that builds its new index reranks by them."""
_BATCH = 256
_LOCK = "reembed"
"""Held by the job at work and by who clears up: neither sees the other half done."""

log = logging.getLogger(__name__)


def submit(store: Store, settings: Settings, collection: str, encoder: str | None = None) -> Job:
    """A queued job that makes `encoder` (that of the settings) the collection's.

    Raises NotFound `collection_not_found`, ModelError when there is no such encoder, Conflict `reembedding`
    while another such job of the collection is not finished, Conflict `already_embedded` when the encoder is
    the collection's already.
    """
    present = store.collections.get(collection)
    info = load_encoder(encoder or settings.encoder, settings).info
    if any(job.collection == collection for job in store.jobs.requests([KIND])):
        raise Conflict(f"Collection {collection!r} is being re-embedded already.", code="reembedding")
    bound = present.encoder
    if bound is not None and (bound.name, bound.revision) == (info.name, info.revision):
        raise Conflict(
            f"Collection {collection!r} is embedded with {info.name} (revision {info.revision}) already.",
            code="already_embedded",
        )
    parts = min(PARTS, max(1, present.chunks))
    items = [JobItem(f"part {number} of {parts}") for number in range(1, parts + 1)]
    return store.jobs.create(KIND, collection, [*items, JobItem(SWITCH)], {"encoder": info.name})


class ReembedHandler:
    """Encodes a collection's chunks anew, with an encoder that lives as long as the job."""

    kind = KIND
    outcome: Outcome = "replaced"

    def __init__(self, settings: Settings, store: Store, *, keep_old_s: float = KEEP_OLD_S) -> None:
        self._settings = settings
        self._store = store
        self._keep_old_s = keep_old_s

    def process(self, job: JobRequest, progress: JobProgress) -> JobStatus:
        """Encode, switch, drop the old vectors."""
        with self._store.locks.exclusive(_LOCK) as mine:
            if not mine:
                raise Stopped("What another job left is being cleared.")
            encoder = load_encoder(str(job.options["encoder"]), self._settings)
            self._begin(job.collection, encoder)
            try:
                self._embed_until_switched(job, encoder, progress)
            except Conflict as error:  # the encoder is not to take over any more
                raise Stopped(error.message) from error
            progress.wait(self._keep_old_s)
            _clear(self._store, job.collection)
        return "succeeded"

    def _begin(self, collection: str, encoder: Encoder) -> None:
        """Name the encoder, after what another one left (the model's files may have been replaced)."""
        info = encoder.info
        other = self._store.reembedding.running().get(collection)
        if other is not None and (other.name, other.revision) != (info.name, info.revision):
            _clear(self._store, collection)
        dimension = info.dimension or len(encoder.encode_queries(["dimension"])[0].dense)
        self._store.reembedding.begin(collection, info.name, info.revision, dimension)

    def _embed_until_switched(self, job: JobRequest, encoder: Encoder, progress: JobProgress) -> None:
        """Go through the chunks until none is left that came meanwhile."""
        collection, model = job.collection, (encoder.info.name, encoder.info.revision)
        done, after = self._store.reembedding.embedded(collection, *model), 0
        while True:
            lacking = self._store.reembedding.unembedded(collection, *model, after=after, limit=_BATCH)
            total = self._store.collections.get(collection).chunks
            progress.complete((len(progress.items) - 1) * min(done, total) // max(total, 1))
            progress.report(done, total)
            if not lacking and self._store.reembedding.switch(collection, *model, job.id):
                return
            if lacking:
                vectors = vectors_of(lacking, encoder)
                done += self._store.reembedding.add_vectors(collection, *model, vectors)
            after = lacking[-1].key if lacking else 0


class LeftoverVectors:
    """Drops what jobs that are at an end left behind: vectors of an encoder that never took over."""

    name = "leftover-vectors"
    pause_s = 1.0

    def __init__(self, store: Store) -> None:
        self._store = store

    def run_once(self, stop: threading.Event) -> None:
        """Clear all there is, unless a job is at work."""
        if not self._store.reembedding.running():
            return
        with self._store.locks.exclusive(_LOCK) as mine:
            if not mine:
                return
            open_jobs = {job.collection for job in self._store.jobs.requests([KIND])}
            for collection in self._store.reembedding.running():
                if collection not in open_jobs:
                    _clear(self._store, collection)


def reembed_worker(settings: Settings, store: Store, *, keep_old_s: float = 0.0) -> Worker:
    """A worker for re-embeddings alone."""
    handler = ReembedHandler(settings, store, keep_old_s=keep_old_s)
    return Worker(store, jobs=[handler], periodic=[LeftoverVectors(store)])


def _clear(store: Store, collection: str) -> None:
    """Drop the vectors that are not of the collection's encoder."""
    try:
        while store.reembedding.drop_others(collection):
            pass
    except NotFound:
        log.info("collection %s is gone", collection)


def vectors_of(chunks: Sequence[UnembeddedChunk], encoder: Encoder) -> list[NewVectors]:
    """The chunks' vectors by an encoder, which reads them behind the context that the first one had."""
    passages = [passage(context_of(chunk), chunk.text) for chunk in chunks]
    return [
        NewVectors(chunk.key, vectors.dense, vectors.tokens)
        for chunk, vectors in zip(chunks, encode(passages, encoder), strict=True)
    ]


def context_of(chunk: UnembeddedChunk) -> str:
    """What stands in front of a chunk for the encoder: as stored, else title and headings as far as known.

    Chunks written before contexts were stored lack the header of their table, and may have a heading that
    their text holds further down.
    """
    if chunk.context is not None:
        return chunk.context
    file = chunk.source.rsplit("/", 1)[-1]
    title = chunk.title if chunk.title != file else ""
    lines = dict.fromkeys([title, *chunk.headings])
    return " > ".join(line for line in lines if line and not chunk.text.startswith(line))
