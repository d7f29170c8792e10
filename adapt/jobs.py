"""Adaptations as jobs of the store: queued by anyone, carried out by a worker in the background.

A job's items are the stages of an adaptation, so its counts tell how far it is. The last item carries the
user's questions. A worker that is killed leaves the job running; the next one starts it again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence

from adapt.questions import from_payload, to_payload
from adapt.run import Adapted, adapt
from adapt.types import FULL_STAGES, STAGES, OnStage, Options, UserQuestion
from jobs.background import keep_working
from rag.errors import Conflict, NotFound, RagError, StoreError
from rag.service import open_service
from rag.settings import Settings
from rag.store import ItemRecord, JobItem, NewProfile, Store
from rag.store.records import JobRequest, Option
from rag.types import Job

KIND = "adapt"
_IDLE_S = 1.0
_LOOK_S = 0.5

log = logging.getLogger(__name__)


class Stopped(RagError):
    """The adaptation was cancelled, or the worker ends."""

    code = "adaptation_stopped"


def submit(
    store: Store, collection: str, given: Sequence[UserQuestion], options: Options | None = None
) -> Job:
    """A queued adaptation; of the options the budget and the backbone are the worker's own.

    Raises NotFound `collection_not_found`, Conflict `adaptation_running` while another one of the collection
    is not finished.
    """
    if any(job.collection == collection for job in store.jobs.requests([KIND])):
        raise Conflict(f"Collection {collection!r} is being adapted already.", code="adaptation_running")
    options = options or Options()
    stages = FULL_STAGES if options.full else STAGES
    items = [JobItem(stage) for stage in stages[:-1]]
    items.append(JobItem(stages[-1], media_type="application/json", payload=to_payload(given)))
    asked = {"seed": options.seed, "full": options.full, "trust_synthetic": options.trust_synthetic}
    return store.jobs.create(KIND, collection, items, asked)


class AdaptationWorker:
    """Carries out adaptations one at a time, with an service of its own that lives as long as one job."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set, at low priority; what is unfinished then is left to the next worker."""
        keep_working(lambda: self._round(stop, _quiet), stop, _IDLE_S)

    def drain(self, on_stage: OnStage | None = None) -> None:
        """Work until no adaptation is pending."""
        stop = threading.Event()
        while self._jobs():
            self._round(stop, on_stage or _quiet)
            stop.wait(_IDLE_S if self._jobs() else 0)

    def _jobs(self) -> list[JobRequest]:
        return self._store.jobs.requests([KIND])

    def _round(self, stop: threading.Event, on_stage: OnStage) -> None:
        for job in self._jobs():
            with self._store.locks.exclusive("adapt") as mine:
                if mine and not stop.is_set() and self._store.jobs.set_status(job.id, "running") == "running":
                    self._carry_out(job, stop, on_stage)

    def _carry_out(self, job: JobRequest, stop: threading.Event, on_stage: OnStage) -> None:
        """Adapt, store the tuning, end the job; an error ends the stage it came up in."""
        watch = _Watch(self._store, job, stop, on_stage)
        try:
            self._adapt(job, watch)
        except Stopped:
            return
        except StoreError:
            raise
        except RagError as error:
            watch.fail(error)
        except Exception as error:
            log.exception("collection %s could not be adapted", job.collection)
            watch.fail(RagError(f"{type(error).__name__}: {error}"))

    def _adapt(self, job: JobRequest, watch: _Watch) -> None:
        given = from_payload(self._store.jobs.payload(watch.items[-1].id))
        options = _options(job.options)
        collection = self._store.collections.get(job.collection)
        named = collection.encoder.name if collection.encoder else self._settings.encoder
        settings = self._settings.model_copy(update={"encoder": named})
        with open_service(settings, self._store) as service:
            adapted = adapt(service, job.collection, given, options, watch.on_stage)
            info = service.models.encoder.info
            self._store.learned.add(collection, stored(adapted, info.name, info.revision))
        watch.succeed()


def stored(adapted: Adapted, model: str, revision: str) -> NewProfile:
    """What the store keeps of an adaptation; it is in force at once where anything passed its gate."""
    report = adapted.report.to_json()
    return NewProfile(model, revision, adapted.tuning.to_json(), report, adapted.adopted)


def _options(asked: Mapping[str, Option]) -> Options:
    full, trusting = (bool(asked.get(name)) for name in ("full", "trust_synthetic"))
    return Options(int(asked.get("seed") or 0), full, trusting)


class _Watch:
    """Notes in the job how far it is, and stops the work when the job was cancelled or the worker ends."""

    def __init__(self, store: Store, job: JobRequest, stop: threading.Event, told: OnStage) -> None:
        self.items: list[ItemRecord] = store.jobs.items(job.id)
        self._store = store
        self._job = job
        self._stop = stop
        self._told = told
        self._looked = 0.0
        self._stage = self.items[0].item.source

    def on_stage(self, stage: str, done: int, total: int) -> None:
        """Called by the work with its stage. Raises Stopped."""
        self._told(stage, done, total)
        if stage != self._stage:
            self._finish_before(stage)
            self._stage = stage
        if time.monotonic() - self._looked > _LOOK_S:
            self._looked = time.monotonic()
            if self._stop.is_set() or self._store.jobs.status(self._job.id) == "cancelled":
                raise Stopped(f"The adaptation of {self._job.collection} was stopped.")

    def succeed(self) -> None:
        """All is done."""
        for item in self.items:
            self._store.jobs.finish_item(item.id, "added")
        self._store.jobs.set_status(self._job.id, "succeeded")

    def fail(self, error: RagError) -> None:
        """The present stage failed; the job may have gone with its collection."""
        item = next(one for one in self.items if one.item.source == self._stage)
        try:
            self._store.jobs.finish_item(item.id, "failed", (error.code, error.message))
            self._store.jobs.set_status(self._job.id, "failed")
        except NotFound:
            log.info("job %s is gone", self._job.id)

    def _finish_before(self, stage: str) -> None:
        for item in self.items:
            if item.item.source == stage:
                return
            self._store.jobs.finish_item(item.id, "added")


def _quiet(stage: str, done: int, total: int) -> None:
    return None
