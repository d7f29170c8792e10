"""The models of one process, each opened when it is first wanted; what searches, answers and judges share."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from rag.errors import IndexMismatch, ModelError
from rag.models.ranking import TextRanker
from rag.models.registry import load_checker, load_encoder, load_ranker, load_reader
from rag.models.types import Checker, Encoder, ModelInfo, Reader
from rag.settings import Settings
from rag.types import BoundEncoder

T = TypeVar("T")


class Lazy(Generic[T]):
    """Makes its value at the first `get` while others wait. After a failure the next `get` tries again."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = Lock()
        self._made: list[T] = []

    def get(self) -> T:
        """The value."""
        if not self._made:
            with self._lock:
                if not self._made:
                    self._made.append(self._make())
        return self._made[0]


class Models:
    """The models that the settings name, and the encoders of collections that were embedded with another.

    Safe to share between threads. An `encoder` that is open already serves as that of the settings. Every
    access raises ModelError when the model is missing or broken.
    """

    def __init__(self, settings: Settings, encoder: Encoder | None = None) -> None:
        self._settings = settings
        self._encoder = Lazy(lambda: encoder or load_encoder(settings.encoder, settings))
        self._reader = Lazy(lambda: load_reader(settings.reader, settings))
        self._checker = Lazy(lambda: load_checker(settings.checker, settings, self.encoder))
        self._ranker = Lazy(lambda: load_ranker(settings.encoder, settings))
        self._bound: dict[tuple[str, str], Encoder] = {}
        self._lock = Lock()

    @property
    def encoder(self) -> Encoder:
        """The encoder of a new collection."""
        return self._encoder.get()

    @property
    def reader(self) -> Reader:
        return self._reader.get()

    @property
    def checker(self) -> Checker:
        return self._checker.get()

    @property
    def ranker(self) -> TextRanker:
        """What orders texts that no collection holds, by the encoder."""
        return self._ranker.get()

    def bound_encoder(self, bound: BoundEncoder | None, collection: str) -> Encoder:
        """The encoder of a collection's vectors, that of the settings while it has none.

        Raises IndexMismatch when it cannot be loaded, or its weights are others by now.
        """
        mine = self.encoder
        if bound is None or _is(mine.info, bound):
            return mine
        with self._lock:
            wanted = (bound.name, bound.revision)
            if wanted not in self._bound:
                self._bound[wanted] = self._load(bound, collection, mine.info)
            return self._bound[wanted]

    def warm(self) -> None:
        """Open encoder, reader and checker now, so that no question waits for them."""
        self.encoder.encode_queries(["warm"])
        self.reader.read("warm?", ["Warm."])
        self.checker.check(["Warm."], [["Warm."]])

    def _load(self, wanted: BoundEncoder, collection: str, mine: ModelInfo) -> Encoder:
        try:
            found = load_encoder(wanted.name, self._settings)
        except ModelError as error:
            raise _mismatch(wanted, collection, mine, error.message) from error
        if not _is(found.info, wanted):
            raise _mismatch(wanted, collection, mine, f"{wanted.name} is revision {found.info.revision} now.")
        return found


def _is(info: ModelInfo, wanted: BoundEncoder) -> bool:
    return (info.name, info.revision) == (wanted.name, wanted.revision)


def _mismatch(wanted: BoundEncoder, collection: str, mine: ModelInfo, why: str) -> IndexMismatch:
    return IndexMismatch(
        f"Collection {collection!r} was embedded with {wanted.name} (revision {wanted.revision}, dimension "
        f"{wanted.dimension}), which cannot be loaded here: {why} The encoder in use is {mine.name} "
        f"(revision {mine.revision}, dimension {mine.dimension}). Use that encoder, or re-embed the "
        "collection."
    )
