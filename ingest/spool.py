"""Job items on disk between the walk, which may be slow, and the store, whose writers should not wait."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO

from rag.store import JobItem


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
