"""One collection's replicas: fed from the change log in batches, and saved now and then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock
from time import monotonic, sleep

from rag.errors import IndexUnavailable
from rag.index.types import Batch, DenseIndex, Index, IndexedChunk, IndexSpec, LexicalIndex, ReplicaStatus
from rag.store import Store
from rag.types import Chunk, Collection, Document

BATCH = 100
"""Changes applied at a time: each is a document, so some thousand chunks."""
TURN_S = 0.05
FLUSH_CHANGES = 2_000
FLUSH_IDLE_S = 5.0
FLUSH_LATEST_S = 60.0


def collection_uid(collection: Collection) -> str:
    """What tells a collection from another one of its name, in another store or after a deletion."""
    born = f"{collection.name} {collection.created_at.isoformat()}"
    return sha256(born.encode()).hexdigest()[:16]


def next_batch(store: Store, spec: IndexSpec, after: int, limit: int = BATCH) -> Batch | None:
    """The changes that follow `after`, each document in its present state; None when there are none.

    What was read of a document may be newer than its change: the later change then finds it in place.
    """
    changes = store.changes.after(spec.collection, after, limit)
    if not changes:
        return None
    last = {change.document_id: change.operation for change in changes}
    put = [document for document, operation in last.items() if operation == "put"]
    chunks = store.changes.embedded(put, spec.model, spec.revision)
    documents = store.documents.by_id(sorted({chunk.chunk.document_id for chunk in chunks}))
    added = tuple(
        IndexedChunk(
            one.key,
            one.chunk.document_id,
            lexical_text(one.chunk, documents[one.chunk.document_id]),
            one.dense,
        )
        for one in chunks
        if one.chunk.document_id in documents
    )
    return Batch(changes[-1].sequence, tuple(last), added, tuple(documents.values()))


def lexical_text(chunk: Chunk, document: Document) -> str:
    """What BM25 sees of a chunk: the document's title, the headings above, and the text.

    A heading that the text itself begins with is not said twice.
    """
    context = (document.title, *chunk.headings)
    return "\n".join([*(part for part in context if part and not _begins(chunk.text, part)), chunk.text])


def _begins(text: str, heading: str) -> bool:
    return text.lstrip("#=* \t").startswith(heading)


@dataclass(slots=True)
class _Unsaved:
    """Changes applied since the last flush, when the first of them came, and the last."""

    changes: int = 0
    first: float = 0.0
    last: float = 0.0

    def add(self, changes: int) -> None:
        self.last = monotonic()
        self.first = self.first if self.changes else self.last
        self.changes += changes

    @property
    def due(self) -> bool:
        if not self.changes:
            return False
        now = monotonic()
        idle, waiting = now - self.last >= FLUSH_IDLE_S, now - self.first >= FLUSH_LATEST_S
        return idle or waiting or self.changes >= FLUSH_CHANGES


class Replica:
    """A collection's indexes by name: one that does both, or a dense and a lexical one."""

    def __init__(
        self, store: Store, dense: DenseIndex, lexical: LexicalIndex, indexes: Mapping[str, Index]
    ) -> None:
        self.dense = dense
        self.lexical = lexical
        self.indexes = tuple(indexes.values())
        self._names = tuple(indexes)
        self._store = store
        self._applying = Lock()
        self._unsaved = _Unsaved()
        self._closed = False

    @property
    def spec(self) -> IndexSpec:
        return self.dense.spec

    @property
    def position(self) -> int:
        """The last change that every index has applied."""
        return min(index.position for index in self.indexes)

    def catch_up(self, version: int, deadline: float | None = None) -> bool:
        """Apply the log up to `version`, or until the deadline (time.monotonic); whether it got there.

        One thread applies; another one that comes meanwhile waits for it until its own deadline.
        """
        while self.position < version:
            before = self.position
            patience = -1 if deadline is None else max(0.0, deadline - monotonic())
            if not self._applying.acquire(timeout=patience):
                return False
            try:
                if self._closed or not self._step():
                    return not self._closed
            finally:
                self._applying.release()
            if deadline is not None and monotonic() >= deadline:
                return self.position >= version
            if self.position == before:
                sleep(TURN_S)  # another process is writing to a shared index
        return True

    def flush_if_due(self) -> None:
        """Save the indexes when enough has changed, or nothing has for a while."""
        if self._unsaved.due:
            self.flush()

    def flush(self) -> None:
        """Save the indexes; what could not be saved stays due."""
        with self._applying:
            saving, self._unsaved = self._unsaved, _Unsaved()
        saved = False
        try:
            for index in self.indexes:
                index.flush()
            saved = True
        finally:
            if not saved:
                self._unsaved.add(saving.changes)

    def maintain(self) -> None:
        """Housekeeping of the indexes; a new segment is saved at once, for it took long to build."""
        for index in self.indexes:
            if index.maintain():
                index.flush()

    def status(self, version: int) -> list[ReplicaStatus]:
        """Where each index stands when the log is at `version`."""
        return [self._standing(*named, version) for named in zip(self._names, self.indexes, strict=True)]

    def _standing(self, name: str, index: Index, version: int) -> ReplicaStatus:
        try:
            return ReplicaStatus(self.spec.collection, name, index.position, version, index.count())
        except IndexUnavailable as error:
            return ReplicaStatus(self.spec.collection, name, index.position, version, 0, error.message)

    def close(self, *, save: bool = True) -> None:
        """Save (or not) and close the indexes; a `catch_up` under way ends after its present batch."""
        self._closed = True
        with self._applying:
            for index in self.indexes:
                index.close(save=save)

    def _step(self) -> bool:
        after = self.position
        batch = next_batch(self._store, self.spec, after)
        if batch is None:
            return False
        for index in self.indexes:
            index.apply(batch)
        self._unsaved.add(batch.position - after)
        return True
