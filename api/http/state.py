"""What one API process holds while it runs, and how the routes get at it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, ParamSpec, TypeVar

from fastapi import Depends, Request

from api.http.auth import KeyRing
from api.http.errors import Starting
from api.http.limits import Gate
from api.http.metrics import LabelledGauge, Metrics, OnlineGauges, tally
from eval.online.sampling import Sampler
from footnote.service import open_with_stage
from rag.errors import ModelError, RagError
from rag.service import Service
from rag.settings import Settings
from rag.store import Store

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger("footnote.api")

START_SECONDS = 20.0
"""How long a call waits for models that are still being loaded."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of /ready."""

    ok: bool
    detail: str


class Runtime:
    """The store at once, the service once it is loaded, places for model work, keys and metrics."""

    def __init__(self, settings: Settings, store: Store, keys: KeyRing, metrics: Metrics) -> None:
        self.settings = settings
        self.store = store
        self.keys = keys
        self.metrics = metrics
        self.sampler = _sampler(settings, store, metrics)
        self.gate = Gate(settings.max_concurrent, settings.max_waiting)
        self.pool = ThreadPoolExecutor(settings.max_concurrent, thread_name_prefix="footnote-model")
        self._loader = ThreadPoolExecutor(1, thread_name_prefix="footnote-start")
        self._service: Future[Service] = self._loader.submit(open_with_stage, settings, store)
        self._warm: Future[None] = self._loader.submit(self._warm_up)

    def _warm_up(self) -> None:
        try:
            self._service.result().warm()
        except Exception as error:
            log.error("The models cannot be loaded.", exc_info=error)
            raise

    def service(self) -> Service:
        """The service; blocks a while just after the start. Raises Starting, or why it cannot load."""
        return _loaded(self._service)

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do model work in the bounded pool. Raises Busy at once when too much waits."""
        async with self.gate.place():
            return await asyncio.get_running_loop().run_in_executor(self.pool, lambda: work(*args, **kwargs))

    def checks(self) -> dict[str, Check]:
        """What must be well before questions can be answered. Reads the store."""
        return {"store": self._store_check(), "models": self._models_check(), "indexes": self._index_check()}

    def close(self) -> None:
        """End in the opposite order of the start; waits for work that is under way."""
        self._loader.shutdown(wait=True, cancel_futures=True)
        self.pool.shutdown(wait=True, cancel_futures=True)
        if self.sampler is not None:
            self.sampler.close()
        if _succeeded(self._service):
            self._service.result().close()
        self.store.close()

    def _store_check(self) -> Check:
        try:
            return Check(True, f"{len(self.store.collections.all())} collections")
        except RagError as error:
            return Check(False, error.message)

    def _models_check(self) -> Check:
        if not self._warm.done():
            return Check(False, "loading")
        error = self._warm.exception()
        if error is not None:
            return Check(False, _reason(error))
        return Check(True, "loaded")

    def _index_check(self) -> Check:
        if not _succeeded(self._warm):
            return Check(False, "waits for the models")
        behind = sum(self.index_lag().values())
        return Check(True, "caught up" if behind == 0 else f"{behind:.0f} changes behind")

    def index_lag(self) -> Mapping[str, float]:
        """Changes that the slowest replica has yet to apply; empty before the models are."""
        if not _succeeded(self._warm):
            return {}
        lag: dict[str, float] = {}
        for replica in self._service.result().indexes.status():
            lag[replica.backend] = max(lag.get(replica.backend, 0), replica.version - replica.position)
        return lag

    def jobs(self) -> Mapping[str, float]:
        """Jobs that are not finished, by status."""
        return tally(job.status for job in self.store.jobs.pending())


def _sampler(settings: Settings, store: Store, metrics: Metrics) -> Sampler | None:
    """What keeps a sample of the answers, where the settings want one; it writes from now on."""
    if not settings.online_share:
        return None
    sampler = Sampler(settings, store, metrics.observe_samples)
    sampler.start()
    return sampler


def _loaded(future: Future[T]) -> T:
    try:
        error = future.exception(START_SECONDS)
    except TimeoutError:
        raise Starting("The models are still being loaded; try again in a moment.") from None
    if error is not None:
        # a new one each time: a raised exception keeps every traceback it went through
        raise ModelError(_reason(error), code=error.code if isinstance(error, RagError) else None)
    return future.result()


def _succeeded(future: Future[T]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def _reason(error: BaseException) -> str:
    return error.message if isinstance(error, RagError) else "The models cannot be loaded; the log says why."


def runtime(request: Request) -> Runtime:
    """The runtime of the app that answers this request."""
    held = request.app.state.runtime
    assert isinstance(held, Runtime)
    return held


Running = Annotated[Runtime, Depends(runtime)]


def install_gauges(held: Runtime) -> None:
    """The gauges that are read at each scrape."""
    registry, gauge = held.metrics.registry, held.metrics.gauge
    gauge("footnote_questions_running", "Calls that hold a place.", lambda: held.gate.running)
    gauge("footnote_questions_waiting", "Calls that wait for a place.", lambda: held.gate.waiting)
    sampler = held.sampler
    if sampler is not None:
        gauge("footnote_online_queue", "Samples that are not written yet.", lambda: sampler.waiting)
    registry.register(OnlineGauges(held.store))
    registry.register(LabelledGauge("footnote_jobs", "Unfinished jobs.", "status", held.jobs))
    registry.register(
        LabelledGauge(
            "footnote_index_lag", "Changes not yet applied, worst replica.", "index", held.index_lag
        )
    )
