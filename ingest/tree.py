"""The local file system as a tree to walk: entries of a folder, and the text of its ignore file."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, Protocol

from ingest.patterns import IGNORE_FILE

BATCH = 10_000
"""Names of one folder that are in memory at a time, and in order."""
MAX_IGNORE_BYTES = 2**20
PLAIN = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""Opens a file, but no link that came in its place, and does not wait for the writer of a pipe."""


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
