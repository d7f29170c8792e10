"""Running heads and feet: lines that stand in the same place above or below the text of page after page.

They are no part of the text that runs on from one page to the next. Page numbers are known of every block, so
of a line that only counts pages, or stands on every page, one is enough: that on the first page's top stays
where it is, every other stands once behind the text of the last page.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingest.parse.pdf_layout import Line

_OUTER = 3  # lines from the top and from the bottom of a page that may be heads or feet
_NEAR = 3.0  # points
_FEWEST = 2  # pages
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class _Placed:
    page: int
    line: Line


def running_lines(pages: Sequence[Sequence[Line]], body: float) -> list[list[Line]]:
    """Of each page the lines that are running heads or feet; `body` is the usual letter size in points."""
    found: list[list[Line]] = [[] for _ in pages]
    for group in _groups(pages, body):
        if len({each.page for each in group}) >= _FEWEST and _counts(group):
            for each in group:
                found[each.page].append(each.line)
    return found


def pattern(text: str) -> str:
    """The text with its numbers left out: what lines that count pages have in common."""
    return _NUMBER.sub("#", text)


def _groups(pages: Sequence[Sequence[Line]], body: float) -> Iterator[list[_Placed]]:
    """Lines of several pages with the same words in the same place."""
    groups: dict[tuple[str, int], list[_Placed]] = defaultdict(list)
    for number, lines in enumerate(pages):
        for line in _outer(lines):
            if line.size <= body * 1.12:
                groups[pattern(line.text), round(line.base / _NEAR)].append(_Placed(number, line))
    yield from groups.values()


def _outer(lines: Sequence[Line]) -> list[Line]:
    """The highest and the lowest lines, each set apart from the text by white of more than a line."""
    ordered = sorted(lines, key=lambda line: -line.base)
    return [*_apart(ordered), *_apart(ordered[::-1])]


def _apart(ordered: Sequence[Line]) -> list[Line]:
    """The first few lines, up to a gap that divides them from the others; none without such a gap."""
    for count, (line, following) in enumerate(pairwise(ordered), start=1):
        if abs(line.base - following.base) > 1.6 * max(line.size, following.size):
            return list(ordered[:count])
        if count == _OUTER:
            break
    return []


def _counts(group: Sequence[_Placed]) -> bool:
    """Whether every number in the lines is the same on all pages, or goes up with them."""
    rows = [[int(number) for number in _NUMBER.findall(each.line.text)] for each in group]
    for column in zip(*rows, strict=True):
        offsets = {number - each.page for number, each in zip(column, group, strict=True)}
        if len(set(column)) > 1 and len(offsets) > 1:
            return False
    return True
