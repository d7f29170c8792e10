"""Everything needed to search, answer and check in one process, put together: `open_service`."""

from __future__ import annotations

from dataclasses import dataclass

from rag.answer.ask import Answerer, Between
from rag.index import IndexManager
from rag.models.loaded import Models
from rag.search.searcher import Searcher
from rag.settings import Settings
from rag.store import Store


@dataclass(frozen=True, slots=True)
class Service:
    """One store, its index replicas, the small models, and what works on them; safe to share between threads.

    Models are opened when first used; `warm` does it now. A store that was handed in (`owns_store` False)
    stays open at the end.
    """

    settings: Settings
    store: Store
    models: Models
    indexes: IndexManager
    searcher: Searcher
    answerer: Answerer
    owns_store: bool

    def warm(self) -> None:
        """Open the models and the LLM's client, so that no question waits for them."""
        self.answerer.warm()
        self.models.warm()

    def close(self) -> None:
        """Stop the threads and close what was opened here."""
        self.answerer.close()
        self.searcher.close()
        self.indexes.close()
        if self.owns_store:
            self.store.close()

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_service(settings: Settings, store: Store | None = None, between: Between | None = None) -> Service:
    """The service on the settings' store, or on one that is open already; `between` is a user's step between
    retrieval and answer. Raises StoreError, IndexUnavailable, ModelError.
    """
    opened = store or Store.open(settings.store_url)
    models = Models(settings)
    indexes = IndexManager(opened, settings)
    searcher = Searcher(settings, opened, models, indexes)
    answerer = Answerer(settings, opened, models, searcher, between)
    return Service(settings, opened, models, indexes, searcher, answerer, owns_store=store is None)
