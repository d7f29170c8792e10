"""API keys from the command line, straight in the store: who can read the data folder is its admin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rag.settings import Settings
from rag.store import Key, KeyRole, Store


def add_key(settings: Settings, name: str, role: KeyRole, collections: Sequence[str] | None) -> str:
    """The new key; the store keeps only its hash. Raises NotFound `collection_not_found`."""
    with _store(settings) as store:
        for collection in collections or ():
            store.collections.get(collection)
        return store.keys.add(name, role, collections or None)


def list_keys(settings: Settings) -> Sequence[Key]:
    """Every key that was not revoked, without its secret."""
    with _store(settings) as store:
        return store.keys.all()


def revoke_key(settings: Settings, key_id: str) -> None:
    """Raises NotFound when there is no such key."""
    with _store(settings) as store:
        store.keys.revoke(key_id)


@contextmanager
def _store(settings: Settings) -> Iterator[Store]:
    store = Store.open(settings.store_url)
    try:
        yield store
    finally:
        store.close()
