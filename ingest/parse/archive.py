"""Archives: every file inside becomes a section, read by the parser of its kind. Nothing is ever written.

What cannot be read is named in the metadata `unread`, as `path: code`; the rest is kept.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO

from ingest.media_types import BZIP2, GZIP, TAR, XZ, media_type
from ingest.parse.builder import Builder
from ingest.parse.failures import (
    corrupt,
    empty,
    link,
    nothing_readable,
    password_protected,
    too_large,
    unread_metadata,
    unread_of,
    unsafe_path,
)
from ingest.parse.limits import Context, check_ratio
from ingest.parse.parsers import parse_file, parse_inner_file
from ingest.types import ParsedDocument
from rag.errors import ParseError

_STEP = 2**20
_ENCRYPTED = 0x1
# Of the whole archive's kind: no member after it can be trusted or paid for.
_FATAL = frozenset(("archive_bomb", "too_large", "archive_too_deep"))
_PACKED_SUFFIXES = (".gz", ".bz2", ".xz", ".tgz", ".tbz2", ".txz")
_OPEN: dict[str, Callable[[IO[bytes]], IO[bytes]]] = {
    GZIP: gzip.open,  # type: ignore[dict-item]
    BZIP2: bz2.open,
    XZ: lzma.open,
}


@dataclass(frozen=True, slots=True)
class _Member:
    """A file in an archive; `content` unpacks it, or raises ParseError for what is no honest file."""

    name: str
    content: Callable[[], bytes]


def parse_zip(content: bytes, source: str, context: Context) -> ParsedDocument:
    """Every file of a ZIP archive in its order, one section each."""
    inside = context.inside()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return _document(_zip_members(archive, inside), inside)


def parse_tar(content: bytes, source: str, context: Context) -> ParsedDocument:
    """Every file of a TAR archive in its order, one section each."""
    inside = context.inside()
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
        return _document(_tar_members(archive, inside), inside)


def parse_packed(content: bytes, source: str, context: Context) -> ParsedDocument:
    """What is packed with gzip, bzip2 or xz: a TAR archive, or one file."""
    inside = context.inside()
    unpacked = _unpacked(content, media_type(source, content), context)
    inside.unpacking(len(content), len(unpacked))
    name = PurePosixPath(source).name
    name = name[: -len(PurePosixPath(name).suffix)] if name.lower().endswith(_PACKED_SUFFIXES) else name
    if media_type(name, unpacked) == TAR:
        return parse_file(unpacked, name, TAR, context)
    return parse_inner_file(unpacked, name, inside)


def _unpacked(content: bytes, kind: str, context: Context) -> bytes:
    """Piece by piece, as nothing tells beforehand how much it is."""
    most, parts, size = context.limits.file_bytes, list[bytes](), 0
    with _OPEN[kind](io.BytesIO(content)) as file:
        while part := file.read(_STEP):
            size += len(part)
            check_ratio(len(content), size)
            if size > most:
                raise too_large(f"The file unpacks to more than {most // 2**20} MiB.")
            parts.append(part)
    return b"".join(parts)


def _document(members: Iterator[_Member], inside: Context) -> ParsedDocument:
    builder, unread, read_files = Builder(), list[str](), 0
    for member in members:
        try:
            document = parse_inner_file(member.content(), member.name, inside)
            builder.include(document, member.name)
            unread += unread_of(document, member.name)
            read_files += 1
        except ParseError as error:
            if error.code in _FATAL:
                raise
            unread.append(f"{member.name}: {error.code}")
        inside.alive()
    if not read_files:
        if not unread:
            raise empty("The archive holds no file.")
        raise nothing_readable(", ".join(unread[:5]))
    return builder.build(metadata={"files": read_files, **unread_metadata(unread)})


def _zip_members(archive: zipfile.ZipFile, inside: Context) -> Iterator[_Member]:
    for info in archive.infolist():
        if info.is_dir() or _is_hidden(info.filename):
            continue
        mode = info.external_attr >> 16
        special = bool(stat.S_IFMT(mode)) and not stat.S_ISREG(mode)

        def content(info: zipfile.ZipInfo = info, special: bool = special) -> bytes:
            _check(info.filename, special)
            if info.flag_bits & _ENCRYPTED:
                raise password_protected()
            inside.unpacking(info.compress_size, info.file_size)
            try:
                return archive.read(info)
            except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError) as error:
                raise corrupt("a file of the archive", str(error)) from error

        yield _Member(info.filename, content)


def _tar_members(archive: tarfile.TarFile, inside: Context) -> Iterator[_Member]:
    for info in archive:
        if info.isdir() or _is_hidden(info.name):
            continue

        def content(info: tarfile.TarInfo = info) -> bytes:
            _check(info.name, not info.isreg())
            inside.unpacking(info.size, info.size)
            file = archive.extractfile(info)
            return file.read() if file is not None else b""

        yield _Member(info.name, content)


def _check(name: str, special: bool) -> None:
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or parts[0].endswith(":"):
        raise unsafe_path(name)
    if special:
        raise link(name)


def _is_hidden(name: str) -> bool:
    """As in a folder, where they are skipped too; and what macOS puts into every archive."""
    return any(
        part == "__MACOSX" or (part.startswith(".") and part not in (".", "..")) for part in name.split("/")
    )
