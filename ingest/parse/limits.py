"""Under which limits a file is read, and what is left of them for the files inside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ingest.parse.failures import too_deep, too_large, too_many_members, unpacks_too_far

DEPTH = 4  # a file in an archive in an archive attached to a message
MEMBERS = 10_000
_RATIO = 200  # text packs 3 to 20 times, zeros 1,000 times
_RATIO_FROM = 16 * 2**20  # bytes; small files may pack as well as they like


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may take. Sizes of files are in bytes, memory in MiB, times in seconds."""

    timeout_s: float = 120.0
    memory_mb: int = 1024
    file_bytes: int = 256 * 2**20
    pages: int = 5000
    characters: int = 20_000_000


@dataclass(slots=True)
class _Left:
    """What the files inside one outer file may still take together."""

    bytes: int
    members: int = MEMBERS


def check_ratio(packed: int, unpacked: int) -> None:
    """Raises ParseError `archive_bomb` when no honest file packs as well as this."""
    if unpacked > _RATIO_FROM and unpacked > _RATIO * max(packed, 1):
        raise unpacks_too_far(packed, unpacked)


def _nothing() -> None:
    """Nobody waits for a sign of life."""


@dataclass(frozen=True, slots=True)
class Context:
    """Handed to every parser. `alive` is called after a page of slow work and restarts the clock."""

    limits: Limits = field(default_factory=Limits)
    alive: Callable[[], None] = _nothing
    depth: int = 0
    _left: _Left | None = None

    def inside(self) -> Context:
        """The context of the files inside this one. Raises ParseError `archive_too_deep`."""
        if self.depth >= DEPTH:
            raise too_deep(DEPTH)
        return replace(self, depth=self.depth + 1, _left=self._left or _Left(self.limits.file_bytes))

    def unpacking(self, packed: int, unpacked: int) -> None:
        """Count bytes before they are unpacked; call on the context that `inside` gave.

        Raises ParseError `archive_bomb` or `too_large`.
        """
        left = self._left
        if left is None:
            return
        check_ratio(packed, unpacked)
        left.bytes -= unpacked
        left.members -= 1
        if left.bytes < 0:
            raise too_large(f"The files inside take more than {self.limits.file_bytes // 2**20} MiB.")
        if left.members < 0:
            raise too_many_members(MEMBERS)
