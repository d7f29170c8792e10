"""The encoders of one process: that of the settings, and those that collections were embedded with."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from rag.errors import IndexMismatch, ModelError
from rag.models.registry import load_encoder
from rag.models.types import Encoder, ModelInfo
from rag.settings import Settings
from rag.types import BoundEncoder


class Encoders:
    """Loads an encoder when a collection first needs it, and keeps it; safe to share between threads."""

    def __init__(self, settings: Settings, default: Callable[[], Encoder]) -> None:
        self._settings = settings
        self._default = default
        self._loaded: dict[tuple[str, str], Encoder] = {}
        self._lock = Lock()

    def bound(self, encoder: BoundEncoder | None, collection: str) -> Encoder:
        """The encoder of a collection's vectors, that of the settings while it has none.

        Raises IndexMismatch when it cannot be loaded, or its weights are others by now.
        """
        mine = self._default()
        if encoder is None or _is(mine.info, encoder):
            return mine
        with self._lock:
            wanted = (encoder.name, encoder.revision)
            if wanted not in self._loaded:
                self._loaded[wanted] = self._load(encoder, collection, mine.info)
            return self._loaded[wanted]

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
