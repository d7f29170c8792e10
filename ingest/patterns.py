"""Which files a sync takes: patterns as in gitignore, given by the caller or found in `.footnoteignore`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pathspec import GitIgnoreSpec

from rag.errors import InvalidInput

IGNORE_FILE = ".footnoteignore"


@dataclass(frozen=True, slots=True)
class Patterns:
    """Decides by path relative to the root; a folder's path ends with a slash.

    The last pattern that matches decides, `!` takes back. What the caller excludes comes first, then the
    ignore files from the deepest folder upwards. Below a folder that is left out nothing is looked at.
    """

    include: GitIgnoreSpec | None = None
    exclude: GitIgnoreSpec | None = None
    only: tuple[str, ...] | None = None
    layers: tuple[tuple[str, GitIgnoreSpec], ...] = ()

    @classmethod
    def given(
        cls, include: Iterable[str], exclude: Iterable[str], only: Iterable[str] | None = None
    ) -> Patterns:
        """The caller's patterns; with `only` just these paths and what lies below them count.

        Raises InvalidInput `invalid_pattern`.
        """
        taken, left = list(include), list(exclude)
        scope = None if only is None else tuple(only)
        return cls(_spec(taken) if taken else None, _spec(left) if left else None, scope)

    def below(self, folder: str, ignore_file: str) -> Patterns:
        """These patterns and those of an ignore file in `folder`, which apply to what lies below it."""
        layer = (folder, _spec(ignore_file.splitlines()))
        return replace(self, layers=(layer, *self.layers))

    def leave_out(self, path: str) -> bool:
        """Whether a file or folder is excluded."""
        if not self._concerns(path):
            return True
        decided = None if self.exclude is None else self.exclude.check_file(path).include
        for folder, spec in self.layers:
            if decided is not None:
                break
            decided = spec.check_file(path[len(folder) :]).include
        return bool(decided)

    def take(self, file: str) -> bool:
        """Whether a file is wanted and not excluded."""
        return (self.include is None or self.include.match_file(file)) and not self.leave_out(file)

    def _concerns(self, path: str) -> bool:
        """Whether a path is one of `only`, lies below one, or is a folder on the way to one."""
        if self.only is None:
            return True
        name = path.rstrip("/")
        return any(
            name == wanted or path.startswith(f"{wanted}/") or wanted.startswith(f"{name}/")
            for wanted in self.only
        )


def _spec(lines: list[str]) -> GitIgnoreSpec:
    try:
        return GitIgnoreSpec.from_lines(lines)
    except ValueError as error:
        raise InvalidInput(f"{str(error).rstrip('.')}.", code="invalid_pattern") from error
