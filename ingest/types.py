"""What passes between the stages of ingest: found files, parsed documents, pieces of text, progress."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from rag.types import Metadata, Page, Span

BlockKind = Literal["heading", "paragraph", "list", "table", "code"]


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file below a folder: `source` is its POSIX path relative to it, `size` is in bytes.

    `path` is where it is read, links resolved: a path or a URL. `origin` is what a remote store says of its
    version (empty: nothing), so that an object need not be fetched to see that it did not change.
    """

    source: str
    path: str
    size: int
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What a walk had to leave out, and why. The source of a folder ends with a slash."""

    source: str
    path: str
    code: str
    message: str


Discovered = FileEntry | Unreadable


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """What a sync takes and deletes; patterns are those of gitignore.

    With `include` only files that match one are taken, without those that `exclude` or a `.footnoteignore`
    leaves out. `delete_missing` deletes every document whose source was not found, but in an empty folder
    only with `allow_empty`. With `only`, paths relative to the folder, nothing but these and what lies below
    them is looked at and deleted.
    """

    delete_missing: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    allow_empty: bool = False
    only: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """Content handed over by a client. An empty media type is found from content and name."""

    source: str
    content: bytes
    media_type: str = ""
    title: str = ""
    metadata: Metadata = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of the text that belongs together: `text[start:end]`.

    `level` is 1 to 6 for a heading. `header` is the first row of a table, when there is one: it explains
    every row that stands in another chunk. That of a table which goes on from another page stands before
    the block.
    """

    kind: BlockKind
    start: int
    end: int
    level: int | None = None
    page: int | None = None
    header: Span | None = None


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A file as text. Blocks are in order, never overlap, and cover all that is not white space."""

    text: str
    blocks: tuple[Block, ...]
    pages: tuple[Page, ...] = ()
    title: str = ""
    metadata: Metadata = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Piece:
    """A chunk before it is embedded: `text[start:end]`, and what the encoder reads in front of it."""

    start: int
    end: int
    page: int | None
    headings: tuple[str, ...]
    context: str
