"""Walks a folder and tells what a file is."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from ingest.types import FoundFile
from rag.errors import InvalidInput


def walk(folder: Path) -> Iterator[FoundFile]:
    """Every regular file below `folder`, in order of path, one directory's names in memory at a time.

    Hidden files and folders are skipped. A symbolic link to a file is followed only when it stays below
    `folder`; one to a folder never is, so that no walk can go round in circles. Raises InvalidInput
    `path_not_found` when there is no such folder or file; a single file is a folder of one.
    """
    root = folder.resolve()
    if root.is_file():
        yield FoundFile(root.name, root, root.stat().st_size)
    elif root.is_dir():
        yield from _walk(root, root)
    else:
        raise InvalidInput(f"There is no folder {folder}.", code="path_not_found")


def _walk(folder: Path, root: Path) -> Iterator[FoundFile]:
    for name in sorted(os.listdir(folder)):
        path = folder / name
        if name.startswith("."):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path, root)
        elif path.is_file() and _inside(path, root):
            yield FoundFile(path.relative_to(root).as_posix(), path, path.stat().st_size)


def _inside(path: Path, root: Path) -> bool:
    return not path.is_symlink() or path.resolve().is_relative_to(root)


def digest(content: bytes) -> str:
    """SHA-256 of a file's bytes, as 64 hex digits."""
    return hashlib.sha256(content).hexdigest()
