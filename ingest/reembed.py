"""Another encoder for a collection, as a job: passages are encoded anew from what the store holds of them.

The new vectors are written beside those that searches use. When no chunk is left without one, the encoder is
switched in one transaction, and the old vectors go. Neither a file nor a parser is needed. A worker that is
killed leaves the job running; the next one goes on with the chunks that still lack a vector.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from ingest.embed import encode, passage
from jobs.background import keep_working
from rag.errors import Conflict, NotFound, RagError, StoreError
from rag.models.registry import load_encoder
from rag.models.types import Encoder
from rag.settings import Settings
from rag.store import ItemRecord, JobItem, NewVectors, Store, UnembeddedChunk
from rag.store.records import JobRequest
from rag.types import Job

KIND = "reembed"
PARTS = 100
"""Items of a job at most: each stands for as many of the chunks, so that its counts tell how far it is."""
SWITCH = "switch"
SETTLE_S = 5.0
"""How long the old vectors stay after the switch: a process that builds its new index reranks by them."""
_BATCH = 256
_IDLE_S = 1.0
_LOOK_S = 0.5

OnChunks = Callable[[int, int], None]
"""Called with the chunks that have a vector of the new encoder, and all."""

log = logging.getLogger(__name__)


class Stopped(RagError):
    """The job was cancelled, or the worker ends."""

    code = "reembedding_stopped"


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


class ReembeddingWorker:
    """Carries out re-embeddings one at a time, with an encoder that lives as long as one job."""

    def __init__(self, settings: Settings, store: Store, *, settle_s: float = SETTLE_S) -> None:
        self._settings = settings
        self._store = store
        self._settle_s = settle_s

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set, at low priority; what is unfinished then is left to the next worker."""
        keep_working(lambda: self._round(stop, _quiet), stop, _IDLE_S)

    def drain(self, on_chunks: OnChunks | None = None) -> None:
        """Work until no re-embedding is pending and nothing of a cancelled one is left."""
        stop = threading.Event()
        while self._jobs() or self._store.reembedding.running():
            self._round(stop, on_chunks or _quiet)
            stop.wait(_IDLE_S if self._jobs() or self._store.reembedding.running() else 0)

    def _jobs(self) -> list[JobRequest]:
        return self._store.jobs.requests([KIND])

    def _round(self, stop: threading.Event, on_chunks: OnChunks) -> None:
        jobs = self._jobs()
        if not jobs and not self._store.reembedding.running():
            return
        with self._store.locks.exclusive("reembed") as mine:
            if not mine:
                return
            for job in jobs:
                self._clear_left_over()
                if not stop.is_set() and self._store.jobs.set_status(job.id, "running") == "running":
                    self._carry_out(job, stop, on_chunks)
            self._clear_left_over()

    def _clear_left_over(self) -> None:
        """Drop what jobs that are at an end left behind: vectors of an encoder that never took over."""
        at_work = {job.collection for job in self._jobs()}
        for collection in self._store.reembedding.running():
            if collection not in at_work:
                self._clear(collection)

    def _clear(self, collection: str) -> None:
        try:
            while self._store.reembedding.drop_others(collection):
                pass
        except NotFound:
            log.info("collection %s is gone", collection)

    def _carry_out(self, job: JobRequest, stop: threading.Event, on_chunks: OnChunks) -> None:
        watch = _Watch(self._store, job, stop, on_chunks)
        try:
            self._reembed(job, watch)
            watch.succeed()
        except (Stopped, NotFound):  # cancelled, or deleted with its collection
            return
        except StoreError:
            raise
        except RagError as error:
            watch.fail(error)
        except Exception as error:
            log.exception("collection %s could not be re-embedded", job.collection)
            watch.fail(RagError(f"{type(error).__name__}: {error}"))

    def _reembed(self, job: JobRequest, watch: _Watch) -> None:
        encoder = load_encoder(str(job.options["encoder"]), self._settings)
        self._begin(job.collection, encoder)
        self._embed_until_switched(job.collection, encoder, watch)
        watch.rest(self._settle_s)
        self._clear(job.collection)

    def _begin(self, collection: str, encoder: Encoder) -> None:
        """Name the encoder, after what another one left (the model's files may have been replaced)."""
        info = encoder.info
        other = self._store.reembedding.running().get(collection)
        if other is not None and (other.name, other.revision) != (info.name, info.revision):
            self._clear(collection)
        dimension = info.dimension or len(encoder.encode_queries(["dimension"])[0].dense)
        self._store.reembedding.begin(collection, info.name, info.revision, dimension)

    def _embed_until_switched(self, collection: str, encoder: Encoder, watch: _Watch) -> None:
        """Go through the chunks until none is left that came meanwhile."""
        info = encoder.info
        done = self._store.reembedding.embedded(collection, info.name, info.revision)
        after = 0
        while True:
            lacking = self._store.reembedding.unembedded(
                collection, info.name, info.revision, after=after, limit=_BATCH
            )
            watch.on_chunks(done, self._store.collections.get(collection).chunks)
            if not lacking and watch.switch(info.name, info.revision):
                return
            if lacking:
                done += watch.add(info.name, info.revision, vectors_of(lacking, encoder))
            after = lacking[-1].key if lacking else 0


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


class _Watch:
    """Notes in the job how far it is, and stops the work when the job was cancelled or the worker ends."""

    def __init__(self, store: Store, job: JobRequest, stop: threading.Event, told: OnChunks) -> None:
        *self._parts, self._switch = store.jobs.items(job.id)
        self._store = store
        self._job = job
        self._stop = stop
        self._told = told
        self._looked = 0.0
        self._finished = 0

    def on_chunks(self, done: int, total: int) -> None:
        """Called between batches. Raises Stopped."""
        self._told(done, total)
        reached = len(self._parts) * done // max(total, 1)
        self._finish(self._parts[self._finished : reached])
        self._finished = max(self._finished, min(reached, len(self._parts)))
        if time.monotonic() - self._looked > _LOOK_S:
            self._looked = time.monotonic()
            self._check()

    def add(self, model: str, revision: str, new: Sequence[NewVectors]) -> int:
        """Write vectors; how many. Raises Stopped when the encoder is not to take over any more."""
        try:
            return self._store.reembedding.add_vectors(self._job.collection, model, revision, new)
        except Conflict as error:
            raise Stopped(error.message) from error

    def switch(self, model: str, revision: str) -> bool:
        """Make the encoder the collection's; whether it is. Raises Stopped when the job was cancelled."""
        try:
            return self._store.reembedding.switch(self._job.collection, model, revision, self._job.id)
        except Conflict as error:
            raise Stopped(error.message) from error

    def rest(self, seconds: float) -> None:
        """Wait, unless the worker ends. Raises Stopped then: the next one finds the switch made."""
        if self._stop.wait(seconds):
            raise Stopped("The worker ends.")

    def succeed(self) -> None:
        """All is done."""
        self._finish([*self._parts, self._switch])
        self._store.jobs.set_status(self._job.id, "succeeded")

    def fail(self, error: RagError) -> None:
        """What is not done yet failed; the job may have gone with its collection."""
        item = self._switch if self._finished == len(self._parts) else self._parts[self._finished]
        try:
            self._store.jobs.finish_item(item.id, "failed", (error.code, error.message))
            self._store.jobs.set_status(self._job.id, "failed")
        except NotFound:
            log.info("job %s is gone", self._job.id)

    def _check(self) -> None:
        if self._stop.is_set() or self._store.jobs.status(self._job.id) == "cancelled":
            raise Stopped(f"The re-embedding of {self._job.collection} was stopped.")

    def _finish(self, items: Sequence[ItemRecord]) -> None:
        for item in items:
            self._store.jobs.finish_item(item.id, "replaced")


def _quiet(done: int, total: int) -> None:
    return None
