"""Walks a tree of files in memory that does not grow with it."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, Protocol

from ingest.patterns import IGNORE_FILE, Patterns
from ingest.types import Discovered, FileEntry, Unreadable
from rag.errors import InvalidInput
from rag.store.values import MAX_SOURCE_BYTES, clean_source

ALL = Patterns()

BATCH = 10_000
"""Names of one folder that are in memory at a time, and in order."""
MAX_IGNORE_BYTES = 2**20
PLAIN = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""Opens a file, but no link that came in its place, and does not wait for the writer of a pipe."""


def walk(folder: Path, patterns: Patterns = ALL, skip: Collection[Path] = ()) -> Iterator[Discovered]:
    """Every regular file below `folder`, depth first, in order of name, and what could not be looked at.

    At most 10,000 names of each folder on the way down are in memory; a folder of more comes in runs of so
    many, each in order. Hidden files and folders are skipped, the folders `skip`, what `patterns` or a
    `.footnoteignore` leaves out, and what is no file (pipes, sockets, devices). A symbolic link to a file is
    followed only when it stays below `folder`; one to a folder never is, so that no walk can go round in
    circles. A folder that cannot be listed is an Unreadable (`folder_unreadable`, `invalid_pattern`), and so
    is a name that cannot be stored (`invalid_file_name`).

    Raises InvalidInput with those codes when it is `folder` itself, and `path_not_found` when there is no
    such folder or file; a single file is a folder of one.
    """
    root = folder.resolve()
    if root.is_file():
        yield FileEntry(root.name, str(root), root.stat().st_size)
    elif root.is_dir():
        yield from walk_tree(LocalTree(root, skip), str(root), patterns)
    else:
        raise InvalidInput(f"There is no folder {folder}.", code="path_not_found")


def walk_tree(tree: Tree, root: str, patterns: Patterns) -> Iterator[Discovered]:
    """As `walk`, for any tree."""
    top = _enter(tree, "", root, patterns)
    if isinstance(top, Unreadable):
        raise _refused(root, top.code, top.message)
    stack = [top]
    while stack:
        folder = stack[-1]
        try:
            entry = next(folder.entries, None)
        except OSError as error:
            if len(stack) == 1:
                raise _refused(root, "folder_unreadable", _reason(error)) from error
            stack.pop()
            yield Unreadable(folder.source, folder.path, "folder_unreadable", _reason(error))
            continue
        if entry is None:
            stack.pop()
            continue
        found = _classify(tree, folder, entry)
        if isinstance(found, _Folder):
            stack.append(found)
        elif found is not None:
            yield found


def digest(content: bytes) -> str:
    """SHA-256 of a file's bytes, as 64 hex digits."""
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder on the way down: its source ends with a slash, the root's is empty."""

    source: str
    path: str
    patterns: Patterns
    entries: Iterator[Entry]


def _classify(tree: Tree, folder: _Folder, entry: Entry) -> Discovered | _Folder | None:
    """What an entry is: a file, a folder to go into, something unreadable, or nothing to look at."""
    if entry.name.startswith("."):
        return None
    source = f"{folder.source}{entry.name}{'/' if entry.kind == 'folder' else ''}"
    patterns = folder.patterns
    if patterns.leave_out(source) if entry.kind == "folder" else not patterns.take(source):
        return None
    if (problem := _name_problem(source)) is not None:
        return Unreadable(_shortened(source), entry.path, "invalid_file_name", problem)
    if entry.kind == "folder":
        return _enter(tree, source, entry.path, patterns)
    return FileEntry(source, entry.path, entry.size, entry.origin)


def _enter(tree: Tree, source: str, path: str, patterns: Patterns) -> _Folder | Unreadable:
    try:
        text = tree.ignore_file(path)
        inside = patterns.below(source, text) if text else patterns
    except OSError as error:
        return Unreadable(source, path, "folder_unreadable", _reason(error))
    except InvalidInput as error:
        return Unreadable(source, path, error.code, f"In its .footnoteignore: {error.message}")
    return _Folder(source, path, inside, iter(tree.entries(path)))


def _refused(root: str, code: str, message: str) -> InvalidInput:
    return InvalidInput(f"{root}: {message}", code=code)


def _reason(error: OSError) -> str:
    return f"The folder cannot be read: {error.strerror or error}."


def _name_problem(source: str) -> str | None:
    """Why a file of this name cannot be a document."""
    if clean_source(source) != source:
        return "The name is not valid UTF-8. Rename it."
    if len(source.encode()) > MAX_SOURCE_BYTES:
        return f"The path is longer than {MAX_SOURCE_BYTES} bytes. Move or rename it."
    return None


def _shortened(source: str) -> str:
    """A name that can be stored; different ones stay different, and a folder's ends with a slash."""
    name = clean_source(source)
    if len(name.encode()) <= MAX_SOURCE_BYTES:
        return name
    end = "/" if source.endswith("/") else ""
    return f"{name[:200]}…{digest(os.fsencode(source))[:16]}{end}"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder; what is neither is no entry. `path` is where it is read, `size` is in bytes."""

    name: str
    kind: Literal["file", "folder"]
    path: str
    size: int = 0
    origin: str = ""


class Tree(Protocol):
    """What can be walked: a file system, or a store that looks like one."""

    def entries(self, folder: str) -> Iterator[Entry]:
        """What lies in a folder, a batch of names at a time in order; raises OSError."""
        ...

    def ignore_file(self, folder: str) -> str:
        """The text of a folder's `.footnoteignore`, empty where there is none; raises OSError."""
        ...


class LocalTree:
    """A folder on this machine. A link to a file counts where it stays below `root`; one to a folder never.

    What lies in the folders `skip` is left out.
    """

    def __init__(self, root: Path, skip: Collection[Path] = ()) -> None:
        self._root = str(root)
        self._skip = frozenset(str(folder.resolve()) for folder in skip)

    def entries(self, folder: str) -> Iterator[Entry]:
        """As `Tree.entries`; a folder of more than BATCH names comes in runs of so many, each in order."""
        with os.scandir(folder) as names:
            while batch := sorted(islice(names, BATCH), key=lambda entry: entry.name):
                yield from filter(None, map(self._entry, batch))

    def ignore_file(self, folder: str) -> str:
        """As `Tree.ignore_file`; a link or anything else that is no plain file is refused, as git does."""
        try:
            descriptor = os.open(os.path.join(folder, IGNORE_FILE), PLAIN)
        except FileNotFoundError:
            return ""
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(0, f"{IGNORE_FILE} is not a plain file")
            return file.read(MAX_IGNORE_BYTES).decode("utf-8", "replace")

    def _entry(self, entry: os.DirEntry[str]) -> Entry | None:
        if entry.is_symlink():
            return self._link(entry)
        if entry.is_dir(follow_symlinks=False):
            return None if entry.path in self._skip else Entry(entry.name, "folder", entry.path)
        if not entry.is_file(follow_symlinks=False):
            return None
        try:
            return Entry(entry.name, "file", entry.path, entry.stat(follow_symlinks=False).st_size)
        except FileNotFoundError:  # gone since its name was read
            return None
        except OSError:  # reading it will say why
            return Entry(entry.name, "file", entry.path)

    def _link(self, entry: os.DirEntry[str]) -> Entry | None:
        target = os.path.realpath(entry.path)
        if not os.path.isfile(target) or not _below(target, self._root):
            return None
        if any(_below(target, folder) for folder in self._skip):
            return None
        return Entry(entry.name, "file", target, os.path.getsize(target))


def _below(path: str, folder: str) -> bool:
    return path.startswith(os.path.join(folder, ""))
