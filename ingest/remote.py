"""S3-like stores by URL: the only file that knows fsspec (extra remote)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ingest.discover import MAX_IGNORE_BYTES, Entry, walk_tree
from ingest.parse.failures import too_large
from ingest.patterns import IGNORE_FILE, Patterns
from ingest.types import Discovered, FileEntry
from rag.errors import InvalidInput, RagError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://[^\0]*")
# What tells one version of an object from the next, best first, by the names that fsspec's stores use.
_VERSIONS = ("ETag", "etag", "md5Hash", "VersionId", "LastModified", "last_modified", "mtime", "created")


def is_remote(path: str) -> bool:
    """Whether a path is a URL such as `s3://bucket/prefix`."""
    return _URL.fullmatch(path) is not None


def is_under(url: str, roots: Sequence[str]) -> bool:
    """Whether a URL is one of `roots` or lies below one, by whole names; nothing climbs and nothing nests."""
    parts = url.split("://", 1)[-1].split("/")
    if "::" in url or {".", ".."} & set(parts):
        return False
    bases = [root.rstrip("/") for root in roots]
    return any(url.rstrip("/") == base or url.startswith(base + "/") for base in bases)


def walk_remote(url: str, patterns: Patterns) -> Iterator[Discovered]:
    """Every object below `url`, as `ingest.discover.walk` finds files; one folder's names are in memory.

    Raises InvalidInput `path_not_found`, `folder_unreadable`, `invalid_pattern`, `unknown_protocol`, and
    `extra_missing` when fsspec or the store's own package is not installed.
    """
    tree, path, info = _root(url)
    if info["type"] == "directory":
        yield from walk_tree(tree, path, patterns)
    else:
        entry = tree.entry(info)
        yield FileEntry(entry.name, entry.path, entry.size, entry.origin)


def check_remote(url: str) -> None:
    """Raises what `walk_remote` would for the URL itself."""
    _root(url)


def read_remote(url: str, most: int) -> bytes | None:
    """The bytes of an object, None when it changed meanwhile; raises OSError, ParseError `too_large`."""
    tree, path = _open(url)
    with _errors():
        before = tree.system.info(path)
        if before["type"] == "directory":
            raise IsADirectoryError(url)
        if (before.get("size") or 0) > most:
            raise too_large(f"The file is larger than {most // 2**20} MiB.")
        with tree.system.open(path, "rb") as file:
            content: bytes = file.read(most + 1)
        after = tree.system.info(path)
    if len(content) > most:
        raise too_large(f"The file is larger than {most // 2**20} MiB.")
    return content if _origin(before) == _origin(after) else None


class RemoteTree:
    """A file system of fsspec as a `Tree`."""

    def __init__(self, system: AbstractFileSystem) -> None:
        self.system = system

    def entries(self, folder: str) -> Iterator[Entry]:
        """As `Tree.entries`, in order of name."""
        with _errors():
            listed = self.system.ls(folder, detail=True)
        listed.sort(key=lambda info: str(info["name"]))
        for info in listed:
            # Some stores list the folder itself, as an object without a name.
            if info["name"].rstrip("/") != folder.rstrip("/") and not info.get("islink"):
                yield self.entry(info)

    def ignore_file(self, folder: str) -> str:
        """As `Tree.ignore_file`."""
        try:
            with _errors(), self.system.open(f"{folder.rstrip('/')}/{IGNORE_FILE}", "rb") as file:
                return str(file.read(MAX_IGNORE_BYTES).decode("utf-8", "replace"))
        except FileNotFoundError:
            return ""

    def entry(self, info: dict[str, Any]) -> Entry:
        """From what fsspec says of an object."""
        name = str(info["name"]).rstrip("/")
        if info["type"] == "directory":
            return Entry(name.rsplit("/", 1)[-1], "folder", name)
        url, size = self.system.unstrip_protocol(name), int(info.get("size") or 0)
        return Entry(name.rsplit("/", 1)[-1], "file", url, size, _origin(info))


def _origin(info: dict[str, Any]) -> str:
    """What the store says of an object's version, empty when it says nothing that tells."""
    known = [f"{name}={info[name]}" for name in _VERSIONS if info.get(name)]
    return f"{known[0]} size={info.get('size')}"[:500] if known else ""


def _open(url: str) -> tuple[RemoteTree, str]:
    if "::" in url:
        raise InvalidInput("A URL inside a URL cannot be synced.", code="unknown_protocol")
    try:
        from fsspec.core import url_to_fs

        # Listings that are kept would grow with the tree and go stale.
        system, path = url_to_fs(url, use_listings_cache=False)
    except ImportError as error:
        raise InvalidInput(
            f"{url.split(':')[0]}:// needs the extra `remote` and the package that is named here: {error}",
            code="extra_missing",
        ) from error
    except ValueError as error:
        raise InvalidInput(f"{url} cannot be read: {error}", code="unknown_protocol") from error
    return RemoteTree(system), path


def _root(url: str) -> tuple[RemoteTree, str, dict[str, Any]]:
    tree, path = _open(url)
    try:
        with _errors():
            return tree, path, tree.system.info(path)
    except FileNotFoundError as error:
        raise InvalidInput(f"There is nothing at {url}.", code="path_not_found") from error
    except OSError as error:
        reason = error.strerror or error
        raise InvalidInput(f"{url} cannot be read: {reason}.", code="folder_unreadable") from error


@contextmanager
def _errors() -> Iterator[None]:
    """Every store has its own exceptions; all become OSError, as those of files are."""
    try:
        yield
    except (OSError, RagError):
        raise
    except Exception as error:
        raise OSError(0, f"{type(error).__name__}: {error}") from error
