"""The order in which boxes of text on a page are read: columns one after the other, rows within them.

A recursive XY-cut (Nagy and Seth 1984): a page is divided where white runs from edge to edge; upright white
counts only between columns of running text, as that between the columns of a table is crossed when reading.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

_WIDE = 0.25  # a line of a column of text is at least this share of what is divided
_LINES = 4  # and a column has so many
_DEPTH = 24
_GUTTER = 0.6  # line heights of white between columns
_ROW = 0.5  # boxes that share this much of their height stand in one row


@dataclass(frozen=True, slots=True)
class Box:
    """Text and where it stands; y grows downwards, the unit does not matter."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        return self.bottom - self.top


def regions(boxes: Sequence[Box], depth: int = 0) -> list[list[Box]]:
    """The boxes in parts that are read one after the other; each part is one column wide."""
    if len(boxes) < 2 * _LINES or depth > _DEPTH:
        return [list(boxes)] if boxes else []
    if halves := _columns(boxes):
        return [part for half in halves for part in regions(half, depth + 1)]
    if halves := _halves(boxes):
        parts = [part for half in halves for part in regions(half, depth + 1)]
        if len(parts) > len(halves):  # there are columns above or below
            return parts
    return [list(boxes)]


def rows(boxes: Sequence[Box]) -> list[Box]:
    """The boxes that stand beside each other as one, top to bottom; left to right within a row."""
    found: list[list[Box]] = []
    for box in sorted(boxes, key=lambda each: (each.top + each.bottom, each.left)):
        if found and _beside(found[-1][0], box):
            found[-1].append(box)
        else:
            found.append([box])
    return [_joined(sorted(row, key=lambda each: each.left)) for row in found]


def _columns(boxes: Sequence[Box]) -> tuple[list[Box], list[Box]] | None:
    """Left and right of the widest upright gap, when both sides are columns of running text."""
    gap = _widest_gap([(box.left, box.right) for box in boxes])
    if gap is None or gap[1] - gap[0] < _GUTTER * median(box.height for box in boxes):
        return None
    halves = [box for box in boxes if box.right <= gap[0]], [box for box in boxes if box.left >= gap[1]]
    width = max(box.right for box in boxes) - min(box.left for box in boxes)
    for half in halves:
        if len(half) < _LINES or median(box.right - box.left for box in half) < _WIDE * width:
            return None
    return halves


def _halves(boxes: Sequence[Box]) -> tuple[list[Box], list[Box]] | None:
    """Above and below the highest level gap."""
    gap = _widest_gap([(box.top, box.bottom) for box in boxes])
    if gap is None:
        return None
    return [box for box in boxes if box.bottom <= gap[0]], [box for box in boxes if box.top >= gap[1]]


def _widest_gap(spans: Sequence[tuple[float, float]]) -> tuple[float, float] | None:
    widest: tuple[float, float] | None = None
    ordered = sorted(spans)
    end = ordered[0][1]
    for start, stop in ordered[1:]:
        if start > end and (widest is None or start - end > widest[1] - widest[0]):
            widest = (end, start)
        end = max(end, stop)
    return widest


def _beside(left: Box, right: Box) -> bool:
    shared = min(left.bottom, right.bottom) - max(left.top, right.top)
    return shared > _ROW * min(left.height, right.height)


def _joined(row: Sequence[Box]) -> Box:
    text = " ".join(box.text for box in row)
    return Box(
        text,
        row[0].left,
        min(box.top for box in row),
        max(box.right for box in row),
        max(box.bottom for box in row),
    )
