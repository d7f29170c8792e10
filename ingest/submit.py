"""Turns a folder or uploads into a job; a worker, in this process or another, does the work."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from ingest.discover import digest, walk
from ingest.patterns import Patterns
from ingest.remote import check_remote, is_remote, walk_remote
from ingest.types import Discovered, SyncOptions, Unreadable, Upload
from rag.errors import Conflict, InvalidInput
from rag.store import JobItem, Store
from rag.types import Job

PLAIN = SyncOptions()


def submit_uploads(
    store: Store, collection: str, uploads: Sequence[Upload], idempotency_key: str | None = None
) -> Job:
    """A queued job that adds or replaces each upload.

    Raises NotFound `collection_not_found`, InvalidInput `invalid_source` and `invalid_metadata`, and Conflict
    `idempotency_key_reused`.
    """
    items = [
        JobItem(
            each.source, digest(each.content), each.media_type, each.title, each.metadata, each.content, None
        )
        for each in uploads
    ]
    return store.jobs.create("ingest", collection, items, idempotency_key=idempotency_key)


def submit_folder(
    store: Store,
    collection: str,
    path: Path | str,
    options: SyncOptions = PLAIN,
    *,
    skip: Collection[Path] = (),
    idempotency_key: str | None = None,
) -> Job:
    """A queued job that brings the collection in line with a folder, or a URL, that the worker can read too.

    A source is its path relative to the folder. What did not change is skipped; with `delete_missing` every
    document whose source was not found is deleted, uploads too, except below folders that could not be
    listed: those are failed items. Nothing is read here but names: the worker hashes a file when its turn
    comes. The folders `skip` are left out. Memory does not grow with the number of files.

    Raises NotFound `collection_not_found`, InvalidInput `not_a_folder` for a single file with
    `delete_missing` and those of `walk` and `walk_remote`, and Conflict `empty_root` when nothing at all was
    found and `delete_missing` would empty the collection, unless `allow_empty` says so.
    """
    before = store.collections.get(collection)
    patterns = Patterns.given(options.include, options.exclude, options.only)
    if options.delete_missing and isinstance(path, Path) and path.is_file():
        raise InvalidInput(
            f"{path} is a file: a folder is needed to tell what is missing.", code="not_a_folder"
        )
    found = walk_remote(path, patterns) if isinstance(path, str) else walk(path, patterns, skip)
    with spooled(_items(found)) as items:
        emptied = options.delete_missing and options.only is None and not items.count
        if emptied and before.documents and not options.allow_empty:
            raise _empty_root(path, before.documents)
        return store.jobs.create(
            "sync",
            collection,
            items,
            _recorded(path, options),
            idempotency_key,
            delete_missing=options.delete_missing,
            within=options.only,
        )


def location(path: str) -> Path | str:
    """Where a user's path leads: a URL as it is, anything else as a path with its links resolved.

    Raises InvalidInput `path_not_found` and those of `check_remote`.
    """
    if is_remote(path):
        check_remote(path)
        return path
    if not Path(path).exists():
        raise InvalidInput(f"There is no file or folder {path}.", code="path_not_found")
    return Path(path).resolve()


def _items(found: Iterator[Discovered]) -> Iterator[JobItem]:
    for each in found:
        if isinstance(each, Unreadable):
            yield JobItem(each.source, path=each.path, error=(each.code, each.message))
        else:
            yield JobItem(each.source, path=each.path, origin=each.origin)


def _recorded(path: Path | str, options: SyncOptions) -> dict[str, str | int | float | bool | None]:
    return {
        "path": str(path),
        "delete_missing": options.delete_missing,
        "include": "\n".join(options.include),
        "exclude": "\n".join(options.exclude),
    }


def _empty_root(path: Path | str, documents: int) -> Conflict:
    return Conflict(
        f"No file was found in {path}, so all {documents} documents would be deleted. Is it mounted? "
        "Set allow_empty (--allow-empty) if they are to go.",
        code="empty_root",
    )


@dataclass(frozen=True, slots=True)
class Spooled:
    """Items in a temporary file, to be read once or more; `count` says how many."""

    count: int
    file: IO[str]

    def __iter__(self) -> Iterator[JobItem]:
        self.file.seek(0)
        for line in self.file:
            source, path, origin, error = json.loads(line)
            yield JobItem(source, path=path, origin=origin, error=error and (error[0], error[1]))


@contextmanager
def spooled(items: Iterable[JobItem]) -> Iterator[Spooled]:
    """The items, which have neither payload nor metadata, on disk while the block runs."""
    with TemporaryFile("w+", encoding="ascii") as file:
        count = 0
        for count, item in enumerate(items, 1):  # noqa: B007 - counted to the last
            file.write(json.dumps([item.source, item.path, item.origin, item.error]) + "\n")
        yield Spooled(count, file)
