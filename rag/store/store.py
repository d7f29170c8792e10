"""The Store: its parts under one roof."""

from __future__ import annotations

import sqlalchemy as sa

from rag.store.audit import Audit
from rag.store.changes import Changes
from rag.store.chunks import Chunks
from rag.store.collections import Collections
from rag.store.curation import Curation
from rag.store.database import Database
from rag.store.documents import Documents
from rag.store.evaluations import Evaluations
from rag.store.jobs import Jobs
from rag.store.keys import Keys
from rag.store.learned import Learned
from rag.store.locks import Locks
from rag.store.quarantine import Quarantine
from rag.store.reembedding import Reembedding
from rag.store.samples import Samples


class Store:
    """The truth: documents with their texts, chunks and vectors, the change log, keys, jobs and samples.

    Each part is an attribute (`store.documents.put(…)`), so that a caller takes the part it needs.

    Threads share one Store, processes open one each. Every write is one transaction. What the database cannot
    do is raised as StoreError: `store_locked`, `store_full`, `store_read_only`, `store_corrupt`,
    `store_unavailable`, `store_failed`.
    """

    def __init__(self, database: Database) -> None:
        self._db = database
        self.collections = Collections(database)
        self.documents = Documents(database)
        self.chunks = Chunks(database)
        self.changes = Changes(database)
        self.jobs = Jobs(database)
        self.keys = Keys(database)
        self.learned = Learned(database)
        self.curation = Curation(database)
        self.quarantine = Quarantine(database)
        self.reembedding = Reembedding(database)
        self.samples = Samples(database)
        self.evaluations = Evaluations(database)
        self.locks = Locks(database)
        self.audit = Audit(database)

    @classmethod
    def open(cls, url: str) -> Store:
        """Open `sqlite:///FILE` or `postgresql://…`, making or upgrading the tables; several may at once.

        Raises InvalidInput `invalid_store_url`, StoreError (also `extra_missing`, `store_too_new`,
        `store_encoding`).
        """
        return cls(Database.open(url))

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._db.dialect

    @property
    def schema(self) -> str:
        """The schema that holds the tables: PostgreSQL's current one, `main` on SQLite."""
        return self._db.schema

    def side_engine(self) -> sa.Engine:
        """An engine on this database for a library with tables of its own, whose loss does no harm; the
        caller disposes of it.
        """
        return self._db.side_engine()

    def close(self) -> None:
        """Close every connection."""
        self._db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
