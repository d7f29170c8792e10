"""Every collection's replicas in one process: opened on demand, kept up with the log, searched."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from threading import Event, Lock, Thread
from time import monotonic
from typing import Protocol

from rag.errors import IndexUnavailable, InvalidInput, NotFound, RagError
from rag.index.embedded import Embedded
from rag.index.locks import SharedLock
from rag.index.replica import Replica, collection_uid
from rag.index.types import IndexSpec, ReplicaStatus
from rag.settings import Settings
from rag.store import Store
from rag.types import Collection

SEARCH_BUDGET_S = 0.2
"""How long a search waits for the changes that its replica lacks."""
TAIL_S = 0.25
HOUSEKEEPING_S = 1.0
PASS_S = 2.0
"""How long the tail stays with one collection while others wait."""

RETIRE_S = 10.0
"""How long a replica stays behind the one that took its place: for searches under way, and for processes that
still use it on a server.
"""
BACKOFF_S = 5.0

_EXPECTED = (RagError, OSError, RuntimeError, ValueError)
"""What a store, a disk, FAISS (RuntimeError) or Tantivy (ValueError) may raise while nobody waits for it."""

log = logging.getLogger(__name__)


class Backend(Protocol):
    """Where replicas are kept."""

    name: str

    def open(self, store: Store, spec: IndexSpec) -> Replica:
        """The collection's replica, emptied first when it is not of this collection and model."""
        ...

    def discard(self, replica: Replica) -> None:
        """Close the replica and remove what is kept of it."""
        ...

    def sweep(self, collections: Sequence[Collection]) -> None:
        """Remove what is kept of other collections than these, and of their earlier generations."""
        ...

    def close(self) -> None: ...


class IndexManager:
    """Searches a store's collections through replicas that this process keeps current; safe to share.

    With `background`, threads follow the log, save and tidy the replicas; without, `catch_up` and `refresh`
    do. To open a replica first applies what it lacks, for SEARCH_BUDGET_S at most. When another encoder takes
    over a collection, the replica of the old one answers until that of the new one is complete. Raises
    IndexUnavailable when the replicas cannot be kept (`index_locked`, `index_full`, `index_unavailable`, …).
    """

    def __init__(self, store: Store, settings: Settings, *, background: bool = True) -> None:
        self._store = store
        self._backend = _backend(settings)
        self._replicas: dict[str, Replica] = {}
        self._successors: dict[str, Replica] = {}
        self._retired: list[tuple[float, Replica]] = []
        self._opening: dict[str, Lock] = {}
        self._lock = Lock()
        self._sweeping = SharedLock()
        self._swept = False
        self._closed = False
        self._stop = Event()
        self._trouble: dict[str, str] = {}
        self._threads = [
            Thread(target=self._repeat, args=(work, pause), name=name, daemon=True)
            for work, pause, name in (
                (self._tail, TAIL_S, "index-tail"),
                (self._housekeeping, HOUSEKEEPING_S, "index-housekeeping"),
            )
            if background
        ]
        for thread in self._threads:
            thread.start()

    def open(self, collection: Collection) -> Replica | None:
        """What answers searches of the collection now, caught up with it as far as SEARCH_BUDGET_S allows.

        None while nothing was embedded. `collection` is the store's row as it is now.
        """
        replica = self._replica(collection.name, collection)
        if replica is not None and replica.spec.generation == collection.generation:
            replica.catch_up(collection.version, monotonic() + SEARCH_BUDGET_S)
        return replica

    def catch_up(self, collection: str, budget_s: float | None = None) -> bool:
        """Apply what the log has now, for at most `budget_s` seconds; whether all of it is applied."""
        deadline = None if budget_s is None else monotonic() + budget_s
        return self._follow(self._store.collections.get(collection), deadline)

    def refresh(self) -> None:
        """Bring every collection up to date, save what is due, drop the replicas of deleted collections."""
        self._tail()
        self._housekeeping()

    def status(self) -> list[ReplicaStatus]:
        """How far each open replica is, and what is wrong with those that are not; by collection."""
        versions = {one.name: one.version for one in self._store.collections.all()}
        with self._lock:
            replicas = dict(self._replicas)
        return [one for name in sorted(versions) for one in self._standing(name, versions[name], replicas)]

    def _standing(self, name: str, version: int, replicas: Mapping[str, Replica]) -> list[ReplicaStatus]:
        trouble = self._trouble.get(name, "")
        if name in replicas:
            return [replace(one, detail=one.detail or trouble) for one in replicas[name].status(version)]
        return [ReplicaStatus(name, self._backend.name, 0, version, 0, trouble)] if trouble else []

    def close(self) -> None:
        """Stop following the log and save every replica; closing twice does no harm."""
        with self._lock:
            closed, self._closed = self._closed, True
        if closed:
            return
        self._stop.set()
        self._close_replicas()
        for thread in self._threads:
            thread.join()
        self._close_replicas()  # what a thread opened meanwhile
        self._backend.close()

    def _close_replicas(self) -> None:
        with self._lock:
            replicas = [*self._replicas.values(), *self._successors.values()]
            self._replicas.clear()
            self._successors.clear()
        self._discard_retired(monotonic() + RETIRE_S)
        for replica in replicas:
            with self._noted(replica.spec.collection):  # what cannot be saved is in the store
                replica.close()

    def _follow(self, present: Collection, deadline: float | None) -> bool:
        """Apply the log to the collection's replica, or to the one that is to take its place; whether it is
        all applied.
        """
        replica = self._replica(present.name, present)
        if replica is None:
            return True
        if replica.spec.generation == present.generation:
            return replica.catch_up(present.version, deadline)
        successor = self._successor(present)
        if not successor.catch_up(present.version, deadline):
            return False
        self._take_over(successor)
        return True

    def _successor(self, present: Collection) -> Replica:
        """The replica with the vectors of the collection's new encoder, in the making."""
        spec = _spec(present)
        with self._lock:
            opening = self._opening.setdefault(present.name, Lock())
        with opening, self._sweeping.shared():
            with self._lock:
                known = self._successors.get(present.name) or self._replicas.get(present.name)
            if known is not None and known.spec == spec:
                return known
            with self._lock:
                other = self._successors.pop(present.name, None)
            if other is not None:
                self._backend.discard(other)
            made = self._made(present)
            with self._lock:
                self._successors[present.name] = made
            return made

    def _take_over(self, successor: Replica) -> None:
        name = successor.spec.collection
        with self._lock:
            if self._successors.get(name) is not successor:
                return
            del self._successors[name]
            old = self._replicas.pop(name, None)
            self._replicas[name] = successor
            if old is not None:
                self._retired.append((monotonic() + RETIRE_S, old))
        log.info("collection %s is searched with %s", name, successor.spec.model)

    def _discard_retired(self, moment: float) -> None:
        with self._lock:
            due = [replica for until, replica in self._retired if until <= moment]
            self._retired = [one for one in self._retired if one[0] > moment]
        for replica in due:
            with self._noted(replica.spec.collection):
                self._backend.discard(replica)

    def _replica(self, name: str, present: Collection | None = None) -> Replica | None:
        """The collection's replica, opened if need be; None while nothing was embedded."""
        present = present or self._store.collections.get(name)
        uid = collection_uid(present)
        replica = self._known(name, uid, present.version)
        if replica is not None:
            return replica
        with self._lock:
            opening = self._opening.setdefault(name, Lock())
        with opening, self._sweeping.shared():
            return self._known(name, uid, present.version) or self._open(present)

    def _known(self, name: str, uid: str, version: int) -> Replica | None:
        with self._lock:
            replica = self._replicas.get(name)
        if replica is None or replica.spec.uid != uid or self._ahead(replica, version):
            return None
        return replica

    def _ahead(self, replica: Replica, version: int) -> bool:
        """Whether the replica knows more changes than the store: that was put back to an older state."""
        position = replica.position
        return position > version and position > self._store.changes.version(replica.spec.collection)

    def _open(self, present: Collection) -> Replica | None:
        with self._lock:
            other = self._replicas.pop(present.name, None)
        if other is not None:
            self._backend.discard(other)
        if present.encoder is None:
            return None
        replica = self._made(present)
        with self._lock:
            self._replicas[present.name] = replica
        return replica

    def _made(self, present: Collection) -> Replica:
        """A replica of the collection as it is, emptied when it knows more than the store."""
        with self._lock:
            if self._closed:
                raise IndexUnavailable("The index replicas of this process are closed.")
        spec = _spec(present)
        replica = self._backend.open(self._store, spec)
        if self._ahead(replica, present.version):
            self._backend.discard(replica)
            replica = self._backend.open(self._store, spec)
        return replica

    def _tail(self) -> None:
        collections = self._store.collections.all()
        self._drop_deleted({one.name for one in collections})
        for present in collections:
            if self._stop.is_set():
                return
            with self._noted(present.name):
                self._follow(present, monotonic() + PASS_S)
        self._discard_retired(monotonic())

    def _drop_deleted(self, names: set[str]) -> None:
        with self._lock:
            held = (self._replicas, self._successors)
            gone = [own.pop(name) for own in held for name in set(own) - names]
        for replica in gone:
            self._backend.discard(replica)
        if not self._swept:
            with self._sweeping.exclusive():  # a collection made just now is in this list, or not yet opened
                self._backend.sweep(self._store.collections.all())
            self._swept = True

    def _housekeeping(self) -> None:
        with self._lock:
            replicas = dict(self._replicas)
        for name, replica in replicas.items():
            if self._stop.is_set():
                return
            with self._noted(name):
                replica.flush_if_due()
                replica.maintain()

    @contextmanager
    def _noted(self, name: str) -> Iterator[None]:
        """Trouble with one collection shows in its status and leaves the others alone."""
        try:
            yield
        except NotFound:
            self._trouble.pop(name, None)  # deleted meanwhile
        except _EXPECTED as error:
            if self._trouble.get(name) != str(error):
                log.warning("index of collection %s: %s", name, error)
            self._trouble[name] = str(error)
        else:
            self._trouble.pop(name, None)

    def _repeat(self, work: Callable[[], None], pause: float) -> None:
        while not self._stop.wait(pause):
            try:
                work()
            except _EXPECTED as error:
                log.warning("index replicas: %s", error)
                self._stop.wait(BACKOFF_S)


def _spec(present: Collection) -> IndexSpec:
    """What the replica of an embedded collection is built for."""
    bound, uid = present.encoder, collection_uid(present)
    assert bound is not None
    return IndexSpec(
        present.name, bound.name, bound.revision, bound.dimension, uid=uid, generation=present.generation
    )


def _backend(settings: Settings) -> Backend:
    if settings.index == "embedded":
        return Embedded(settings)
    if settings.index.startswith("qdrant+"):
        return _qdrant(settings)
    raise InvalidInput(
        f"FOOTNOTE_INDEX is {settings.index!r}; it is `embedded` or `qdrant+http://HOST:PORT`.",
        code="invalid_index",
    )


def _qdrant(settings: Settings) -> Backend:
    try:
        from rag.index.qdrant import QdrantServer  # only where it is configured: the client is an extra
    except ModuleNotFoundError as error:
        raise IndexUnavailable(
            f"FOOTNOTE_INDEX={settings.index} needs {error.name}: pip install 'footnote-rag[qdrant]'.",
            code="extra_missing",
        ) from error
    return QdrantServer(settings)
