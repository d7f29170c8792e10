"""What was learned for each collection: versions, and which of them is in force."""

from __future__ import annotations

import sqlalchemy as sa

from rag.errors import Conflict, NotFound
from rag.store.collections import live, not_found
from rag.store.database import Part, Row, now
from rag.store.records import NewProfile, ProfileRecord
from rag.store.schema import collections, profiles
from rag.types import Collection


class Learned(Part):
    """The versions of what was learned for each collection. Version 0 is no row: it is the defaults."""

    def add(self, collection: Collection, new: NewProfile) -> ProfileRecord:
        """Store the next version and, with `adopt`, switch to it in the same transaction.

        Raises NotFound `collection_not_found`, also when the name now belongs to another collection.
        """
        with self._db.write() as connection:
            row = live(connection, collection.name, lock=True)
            if row.created_at != collection.created_at:
                raise not_found(collection.name)
            version = 1 + _latest(connection, row.id)
            connection.execute(
                sa.insert(profiles).values(
                    collection_id=row.id,
                    version=version,
                    model=new.model,
                    revision=new.revision,
                    created_at=now(),
                    payload=new.payload,
                    report=new.report,
                    replaced=row.profile if new.adopt else None,
                )
            )
            if new.adopt:
                _switch(connection, row.id, version)
            return _one(connection, live(connection, collection.name), version)

    def all(self, collection: str) -> list[ProfileRecord]:
        """Every version, newest first; raises NotFound `collection_not_found`."""
        with self._db.read() as connection:
            row = live(connection, collection)
            query = sa.select(profiles).where(profiles.c.collection_id == row.id)
            found = connection.execute(query.order_by(profiles.c.version.desc()))
            return [_record(each, row.profile) for each in found]

    def get(self, collection: str, version: int) -> ProfileRecord:
        """One version; raises NotFound `collection_not_found`, `profile_not_found`."""
        with self._db.read() as connection:
            return _one(connection, live(connection, collection), version)

    def rollback(self, collection: str) -> int:
        """Go back to the version that the present one replaced, and return it; 0 is the defaults.

        Raises NotFound `collection_not_found`, Conflict `nothing_to_roll_back` when that is 0 already.
        """
        with self._db.write() as connection:
            row = live(connection, collection, lock=True)
            if row.profile == 0:
                raise Conflict(
                    f"Collection {collection!r} is searched with the defaults.", code="nothing_to_roll_back"
                )
            before = _one(connection, row, row.profile).replaced or 0
            _switch(connection, row.id, before)
            return before


def _latest(connection: sa.Connection, collection: int) -> int:
    query = sa.select(sa.func.max(profiles.c.version)).where(profiles.c.collection_id == collection)
    return int(connection.scalar(query) or 0)


def _switch(connection: sa.Connection, collection: int, version: int) -> None:
    connection.execute(sa.update(collections).where(collections.c.id == collection).values(profile=version))


def _one(connection: sa.Connection, collection: Row, version: int) -> ProfileRecord:
    query = sa.select(profiles).where(
        profiles.c.collection_id == collection.id, profiles.c.version == version
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"Collection {collection.name!r} has no profile {version}.", code="profile_not_found")
    return _record(row, collection.profile)


def _record(row: Row, active: int) -> ProfileRecord:
    return ProfileRecord(
        row.version,
        row.model,
        row.revision,
        row.payload,
        row.report,
        row.created_at,
        row.replaced,
        row.version == active,
    )
