"""What became of a collection's files, by format; the format of a file is the suffix of its name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from rag.store import Store
from rag.types import DocumentRecord


@dataclass(frozen=True, slots=True)
class Format:
    """The files of one format. `seconds` lie between each one's commit and the commit before it, so they mean
    something where one worker read them all; `failures` counts by error code.
    """

    name: str
    files: int
    characters: int
    chunks: int
    seconds: float
    failures: Mapping[str, int]


def formats(store: Store, collection: str) -> Iterator[Format]:
    """Every format of a collection, by name; raises NotFound `collection_not_found`."""
    records = sorted(store.documents.every(collection), key=lambda each: each.updated_at)
    took: dict[str, float] = {}
    before = records[0].updated_at if records else None
    for each in records:
        assert before is not None
        took[each.document.id] = (each.updated_at - before).total_seconds()
        before = each.updated_at
    for name in sorted({suffix(each.document.source) for each in records}):
        yield _format(name, [each for each in records if suffix(each.document.source) == name], took)


def suffix(source: str) -> str:
    """The name of a source's format, "(none)" without a suffix."""
    return PurePosixPath(source.lower()).suffix.lstrip(".") or "(none)"


def _format(name: str, files: list[DocumentRecord], took: Mapping[str, float]) -> Format:
    return Format(
        name,
        len(files),
        sum(each.characters for each in files),
        sum(each.chunks for each in files),
        sum(took[each.document.id] for each in files),
        Counter(each.error_code for each in files if each.error_code),
    )
