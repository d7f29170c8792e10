"""Files of embedded indexes: whole or not at all, with a checksum, and a manifest of what they are of."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path

from pydantic import TypeAdapter

from rag.errors import IndexMismatch, IndexUnavailable
from rag.files import write_whole
from rag.index.types import IndexSpec
from rag.types import Document

MAGIC = b"footnote index 1\n"
_CODES = {
    errno.ENOSPC: ("index_full", "the disk is full"),
    errno.EDQUOT: ("index_full", "the disk quota is used up"),
    errno.EROFS: ("index_read_only", "the disk is read-only"),
    errno.EACCES: ("index_read_only", "its folder may not be written"),
    errno.EPERM: ("index_read_only", "its folder may not be written"),
}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an index was built for, how far it got, its documents, and the segment or commit it goes with."""

    spec: IndexSpec
    position: int
    documents: list[Document] = field(default_factory=list)
    segment: str | None = None

    def to_json(self) -> bytes:
        """As JSON."""
        return _adapter().dump_json(self)

    @staticmethod
    def from_json(payload: bytes) -> Manifest:
        """What `to_json` wrote."""
        return _adapter().validate_json(payload)

    def to_plain(self) -> object:
        """As plain objects, for a backend that makes its own JSON."""
        return _adapter().dump_python(self, mode="json")

    @staticmethod
    def from_plain(plain: object) -> Manifest:
        """What `to_plain` gave; raises pydantic's ValidationError for anything else."""
        return _adapter().validate_python(plain)


def write(path: Path, payload: bytes) -> None:
    """Replace the file in one step, with a checksum. No other process writes to its folder."""
    with index_errors(path):
        write_whole(path, MAGIC, sha256(payload).digest(), payload, sole_writer=True)


def read(path: Path) -> bytes | None:
    """The payload, or None when there is no file or a damaged one: the index is then rebuilt."""
    with index_errors(path):
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
    head = len(MAGIC) + sha256().digest_size
    payload = content[head:]
    sound = content.startswith(MAGIC) and sha256(payload).digest() == content[len(MAGIC) : head]
    return payload if sound else None


def clear(folder: Path) -> None:
    """Remove the folder with all that is in it."""
    with index_errors(folder):
        if folder.exists():
            shutil.rmtree(folder)


@contextmanager
def index_errors(path: Path) -> Iterator[None]:
    """What the system refuses, as IndexUnavailable: `index_full`, `index_read_only`, `index_unavailable`."""
    try:
        yield
    except OSError as error:
        code, reason = _CODES.get(error.errno or 0, ("index_unavailable", error.strerror or str(error)))
        raise IndexUnavailable(f"The index at {path} cannot be used: {reason}.", code=code) from error


def check_spec(backend: str, found: IndexSpec, wanted: IndexSpec) -> None:
    """Raises IndexMismatch when an index was built for another collection (`index_foreign`) or model."""
    if (found.model, found.revision, found.dimension, found.metric) != (
        wanted.model,
        wanted.revision,
        wanted.dimension,
        wanted.metric,
    ):
        raise IndexMismatch(
            f"The {backend} index of collection {wanted.collection!r} was built with {_named(found)}, "
            f"but the model in use is {_named(wanted)}."
        )
    theirs = (found.collection, found.uid, found.generation)
    if theirs != (wanted.collection, wanted.uid, wanted.generation):
        raise IndexMismatch(
            f"The {backend} index belongs to another collection than {wanted.collection!r} of this store.",
            code="index_foreign",
        )


@cache
def _adapter() -> TypeAdapter[Manifest]:
    return TypeAdapter(Manifest)


def _named(spec: IndexSpec) -> str:
    return f"{spec.model} (revision {spec.revision}, dimension {spec.dimension}, {spec.metric})"
