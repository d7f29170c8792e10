"""Every collection's replicas in one process: opened on demand, kept up with the log, searched."""

from __future__ import annotations

from collections.abc import Sequence

from rag.index.types import Floats, ReplicaStatus, Scored
from rag.models.types import ModelInfo
from rag.settings import Settings
from rag.store import Store
from rag.types import Filter


class IndexManager:
    """Searches a store's collections through index replicas that this process keeps current; safe to share."""

    def __init__(
        self, store: Store, settings: Settings, encoder_info: ModelInfo, *, background: bool = True
    ) -> None:
        raise NotImplementedError

    def search_dense(
        self, collection: str, vector: Floats, k: int, filters: Filter | None = None
    ) -> list[Scored]: ...

    def search_lexical(
        self, collection: str, text: str, k: int, filters: Filter | None = None
    ) -> list[Scored]: ...

    def similarities(self, collection: str, vector: Floats, keys: Sequence[int]) -> dict[int, float]: ...

    def relevance(self, collection: str, text: str, keys: Sequence[int]) -> dict[int, float]: ...

    def catch_up(self, collection: str, budget_s: float | None = None) -> bool: ...

    def refresh(self) -> None: ...

    def status(self) -> list[ReplicaStatus]: ...

    def close(self) -> None: ...
