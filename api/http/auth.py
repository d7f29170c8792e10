"""Who calls, and what they may do.

The middleware settles who: every path under /v1 and /mcp needs a key, before any of the body is read. The one
dependency, `allow(role)`, settles what: the role, and the reach over the collection that the path names.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.errors import rag_error_response
from rag.errors import Forbidden, RagError, Unauthorized
from rag.settings import Settings
from rag.store import Store

Role = Literal["read", "write", "admin"]

_RANK: dict[Role, int] = {"read": 0, "write": 1, "admin": 2}
_GUARDED = ("/v1", "/mcp")
_bearer = HTTPBearer(
    auto_error=False, description="FOOTNOTE_API_KEY, the key in DATA/api_key, or one made by an admin."
)


@dataclass(frozen=True, slots=True)
class Caller:
    """The holder of a key; `collections` None means every collection."""

    name: str
    role: Role
    collections: frozenset[str] | None = None

    def reaches(self, collection: str) -> bool:
        """Whether the key covers this collection."""
        return self.collections is None or collection in self.collections

    def require(self, role: Role, collection: str | None = None) -> None:
        """Raises Forbidden unless the key has at least this role, over this collection when one is named."""
        if _RANK[self.role] < _RANK[role]:
            raise Forbidden(f"This key may {self.role}; the call needs a key that may {role}.")
        if collection is not None and not self.reaches(collection):
            raise Forbidden(f"This key does not cover the collection {collection!r}.")


class KeyRing:
    """Keys to callers: the admin key of the configuration, then those in the store."""

    def __init__(self, admin_key: str, store: Store) -> None:
        self._admin = _digest(admin_key)
        self._store = store

    def caller(self, secret: str) -> Caller:
        """Raises Unauthorized for a key that does not exist. Compares in constant time."""
        if hmac.compare_digest(_digest(secret), self._admin):
            return Caller("admin", "admin")
        key = self._store.keys.verify(secret)
        if key is None:
            raise Unauthorized("This key does not exist or was revoked.")
        return Caller(key.name, key.role, None if key.collections is None else frozenset(key.collections))


class AuthMiddleware:
    """Answers 401 on guarded paths unless a good key came along; leaves the caller in the state."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _guarded(scope["path"]):
            await self.app(scope, receive, send)
            return
        try:
            secret = bearer(Headers(scope=scope).get("authorization"))
            keys: KeyRing = scope["app"].state.runtime.keys
            scope.setdefault("state", {})["caller"] = await run_in_threadpool(keys.caller, secret)
        except RagError as error:
            await rag_error_response(Request(scope), error)(scope, receive, send)
            return
        await self.app(scope, receive, send)


def bearer(header: str | None) -> str:
    """The secret of an Authorization header. Raises Unauthorized."""
    scheme, _, secret = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Unauthorized("Send your key as 'Authorization: Bearer KEY'.")
    return secret.strip()


def allow(role: Role) -> Callable[[Request], Caller]:
    """The dependency of every guarded route: the caller, once role and the path's collection are checked."""

    def check(
        request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)] = None
    ) -> Caller:
        caller = request.state.caller
        assert isinstance(caller, Caller)
        caller.require(role, request.path_params.get("collection"))
        return caller

    return check


MayRead = Annotated[Caller, Depends(allow("read"))]
MayWrite = Annotated[Caller, Depends(allow("write"))]
MayAdmin = Annotated[Caller, Depends(allow("admin"))]


def _guarded(path: str) -> bool:
    return any(path == prefix or path.startswith(prefix + "/") for prefix in _GUARDED)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


class KeyFileError(RagError):
    """DATA/api_key cannot be used."""

    code = "key_file_invalid"


def admin_key(settings: Settings) -> tuple[str, bool]:
    """The admin key, and whether this call made it. Raises KeyFileError when the file holds none."""
    configured = settings.api_key.get_secret_value() if settings.api_key else ""
    if configured:
        return configured, False
    path = settings.data / "api_key"
    created = _create(path)
    key = path.read_text("ascii").strip()
    if len(key) < 16:
        raise KeyFileError(f"{path} holds no key; delete the file and start again.")
    return key, created


def _create(path: Path) -> bool:
    """Write a new key, readable by its owner alone; False when there is one. Appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        return False
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"fn_{secrets.token_urlsafe(32)}\n")
    try:
        os.link(draft, path)  # fails where another process was first
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True
