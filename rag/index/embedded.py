"""Replicas in this process: FAISS and Tantivy under DATA/index/<slot>/<collection>."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

from rag.errors import IndexMismatch, IndexUnavailable
from rag.files import file_lock
from rag.index import snapshot
from rag.index.faiss import FaissIndex
from rag.index.replica import Replica
from rag.index.snapshot import index_errors
from rag.index.tantivy import Analyzer, TantivyIndex
from rag.index.types import IndexSpec
from rag.settings import Settings
from rag.store import Store
from rag.types import Collection

T = TypeVar("T")

MAX_SLOTS = 256


class Embedded:
    """Keeps the replicas of one process in a slot of its own: any number of processes share a store."""

    name = "embedded"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        Analyzer(settings.language)  # a language without a stemmer is refused at the start
        self._slot = Slot.take(settings.data / "index")
        self._used: set[Path] = set()

    def open(self, store: Store, spec: IndexSpec) -> Replica:
        """The collection's replica, emptied first when it is not of this collection and model."""
        settings = self._settings
        folder = self._slot.folder / folder_name(spec.collection, spec.generation)
        self._used.add(folder)
        dense = _own(
            folder / "faiss",
            lambda path: FaissIndex(path, spec, hnsw_threshold=settings.hnsw_threshold),
        )
        lexical = _own(folder / "tantivy", lambda path: TantivyIndex(path, spec, language=settings.language))
        return Replica(store, dense, lexical, {"faiss": dense, "tantivy": lexical})

    def discard(self, replica: Replica) -> None:
        """Close the replica and remove its files."""
        replica.close(save=False)
        folder = self._slot.folder / folder_name(replica.spec.collection, replica.spec.generation)
        self._used.discard(folder)
        snapshot.clear(folder)

    def sweep(self, collections: Sequence[Collection]) -> None:
        """Remove the files of every other collection than these, and of their earlier generations."""
        names = {folder_name(one.name, one.generation) for one in collections}
        for path in self._slot.folder.iterdir():
            if path.is_dir() and path.name not in names and path not in self._used:
                snapshot.clear(path)

    def close(self) -> None:
        """Give the slot back."""
        self._slot.release()


def folder_name(collection: str, generation: int) -> str:
    """The folder of a collection's replica: its name, which never has a `~`, until it changes its encoder."""
    return f"{collection}~{generation}" if generation else collection


def _own(folder: Path, make: Callable[[Path], T]) -> T:
    """What the folder holds, or something new where that is of another collection or model."""
    try:
        return make(folder)
    except IndexMismatch:
        snapshot.clear(folder)
        return make(folder)


class Slot:
    """The folder ROOT/<number> that this process alone uses; its replicas stay for whoever comes next."""

    def __init__(self, folder: Path, lock: FileLock) -> None:
        self.folder = folder
        self._lock = lock

    @classmethod
    def take(cls, root: Path) -> Slot:
        """The first slot that no process holds; raises IndexUnavailable `index_locked` when all are taken."""
        for number in range(MAX_SLOTS):
            folder = root / str(number)
            lock = file_lock(folder / "lock")
            with index_errors(folder), suppress(Timeout):
                folder.mkdir(parents=True, exist_ok=True)
                lock.acquire()
                return cls(folder, lock)
        raise IndexUnavailable(f"All {MAX_SLOTS} slots under {root} are taken.", code="index_locked")

    def release(self) -> None:
        """Let another process have the slot."""
        self._lock.release()
