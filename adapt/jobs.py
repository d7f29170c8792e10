"""Adaptations as jobs of the store: queued by anyone, processed by a worker in the background.

A job's items are the stages of an adaptation, so its counts tell how far it is. The last item carries the
user's questions. A worker that is killed leaves the job running; the next one starts it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapt.questions import from_payload, to_payload
from adapt.run import Adapted, adapt
from adapt.types import FULL_STAGES, STAGES, Options, UserQuestion
from jobs.progress import JobProgress
from rag.errors import Conflict
from rag.service import open_service
from rag.settings import Settings
from rag.store import JobItem, NewProfile, Outcome, Store
from rag.store.records import JobRequest, Option
from rag.types import Collection, Job, JobStatus

KIND = "adapt"


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


class AdaptHandler:
    """Adapts a collection, with a service of its own that lives as long as the job."""

    kind = KIND
    outcome: Outcome = "added"

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store

    def process(self, job: JobRequest, progress: JobProgress) -> JobStatus:
        """Adapt and store the profile; the items are the stages."""
        given = from_payload(self._store.jobs.payload(progress.items[-1].id))
        stages = [item.item.source for item in progress.items]

        def on_stage(stage: str, done: int, total: int) -> None:
            progress.complete(stages.index(stage))
            progress.report(done, total, stage)

        collection = self._store.collections.get(job.collection)
        with open_service(self._settings_for(collection), self._store) as service:
            adapted = adapt(service, job.collection, given, _options(job.options), on_stage)
            info = service.models.encoder.info
            self._store.learned.add(collection, stored(adapted, info.name, info.revision))
        return "succeeded"

    def _settings_for(self, collection: Collection) -> Settings:
        """The settings, with the collection's encoder."""
        encoder = collection.encoder.name if collection.encoder else self._settings.encoder
        return self._settings.model_copy(update={"encoder": encoder})


def stored(adapted: Adapted, model: str, revision: str) -> NewProfile:
    """What the store keeps of an adaptation; it is in force at once where anything passed its gate."""
    report = adapted.report.to_json()
    return NewProfile(model, revision, adapted.tuning.to_json(), report, adapted.adopted)


def _options(asked: Mapping[str, Option]) -> Options:
    full, trusting = (bool(asked.get(name)) for name in ("full", "trust_synthetic"))
    return Options(int(asked.get("seed") or 0), full, trusting)
