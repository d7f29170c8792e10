"""API keys: shown once, kept as a hash."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from typing import get_args

import sqlalchemy as sa

from rag.errors import InvalidInput, NotFound
from rag.store.database import Part, Row, now
from rag.store.records import Key, KeyRole
from rag.store.schema import api_keys
from rag.store.values import clean


class Keys(Part):
    """The API keys: only their hashes are kept."""

    def add(self, name: str, role: KeyRole, collections: Sequence[str] | None = None) -> str:
        """Make a key and return its secret, which is shown this once; raises InvalidInput `invalid_role`."""
        if role not in get_args(KeyRole):
            raise InvalidInput(f"A role is admin, write or read, not {role!r}.", code="invalid_role")
        secret = "fn_" + secrets.token_urlsafe(32)
        with self._db.write() as connection:
            connection.execute(
                sa.insert(api_keys).values(
                    id=secrets.token_hex(6),
                    secret_sha256=_hash(secret),
                    name=clean(name),
                    role=role,
                    collections=None if collections is None else [clean(each) for each in collections],
                    created_at=now(),
                )
            )
        return secret

    def verify(self, secret: str) -> Key | None:
        """The key with this secret, or None."""
        query = sa.select(api_keys).where(api_keys.c.secret_sha256 == _hash(secret))
        with self._db.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _key(row)

    def all(self) -> list[Key]:
        """Every key, oldest first."""
        query = sa.select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id)
        with self._db.read() as connection:
            return [_key(row) for row in connection.execute(query)]

    def revoke(self, id: str) -> None:  # noqa: A002 - the word of the API
        """Forget a key, at once; raises NotFound `key_not_found`."""
        with self._db.write() as connection:
            if connection.execute(sa.delete(api_keys).where(api_keys.c.id == clean(id))).rowcount == 0:
                raise NotFound(f"There is no key {clean(id)[:80]!r}.", code="key_not_found")


def _hash(secret: str) -> str:
    # The secret is 256 random bits: no one can guess through a fast hash, and each request verifies one.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _key(row: Row) -> Key:
    scope = None if row.collections is None else tuple(row.collections)
    return Key(row.id, row.name, row.role, scope, row.created_at)
