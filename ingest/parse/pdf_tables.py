"""Tables of a PDF page that are ruled: the rules are found among its paths, the cells by their crossings.

A table is taken only when its cells hold what the lines that it replaces hold; else the lines stay.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import pypdfium2
import pypdfium2.raw as pdfium

_NEAR = 3.0  # points; rules that are nearer are one, and one that ends nearer touches
_THIN = 3.0  # points; a filled rectangle that is thinner is a rule
_MOST_RULES = 4000  # on a page; beyond that it is a drawing
_KEPT = 0.95  # share of the lines' letters that the cells have to hold
_MOST_CELLS = 5000


class Placed(Protocol):
    """A line of the page with the place where it begins."""

    @property
    def text(self) -> str: ...
    @property
    def base(self) -> float: ...
    @property
    def end_base(self) -> float: ...
    @property
    def left(self) -> float: ...


PlacedT = TypeVar("PlacedT", bound=Placed)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, the edges around them and those of the columns in points. A merged cell stands in its
    first place.
    """

    rows: list[list[str]]
    left: float
    bottom: float
    right: float
    top: float
    edges: tuple[float, ...] = ()

    def goes_on(self, above: Table) -> bool:
        """Whether this may be the rest of a table that began on the page before: its columns are the same."""
        pairs = zip(self.edges, above.edges, strict=False)
        return len(self.edges) == len(above.edges) and all(abs(a - b) <= _NEAR for a, b in pairs)

    def holds(self, line: Placed) -> bool:
        """Whether a line begins, and ends, within the edges."""
        inside = (
            self.bottom - _NEAR <= min(line.base, line.end_base) and max(line.base, line.end_base) < self.top
        )
        return inside and self.left - _NEAR <= line.left < self.right


@dataclass(frozen=True, slots=True)
class _Rule:
    """A level (or upright) line: `at` is its y (x), from `start` to `end` along the other axis."""

    at: float
    start: float
    end: float


Rules = list[_Rule]


def with_tables(lines: Sequence[PlacedT], tables: Sequence[Table]) -> list[PlacedT | Table]:
    """The lines with each table in the place of the lines that it holds."""
    items: list[PlacedT | Table] = list(lines)
    for table in tables:
        held = [item for item in items if not isinstance(item, Table) and table.holds(item)]
        if not held or _letters(line.text for line in held) * _KEPT > _letters(
            cell for row in table.rows for cell in row
        ):
            continue
        first = next(index for index, item in enumerate(items) if item is held[0])
        gone = set(map(id, held))
        before = [item for item in items[:first] if id(item) not in gone]
        items = [*before, table, *(item for item in items[first:] if id(item) not in gone)]
    return items


def ruled_tables(page: pypdfium2.PdfPage, text_page: pypdfium2.PdfTextPage) -> list[Table]:
    """Every grid of at least two rows and two columns on the page, top to bottom."""
    level, upright = _rules(page)
    if min(len(level), len(upright)) < 2 or max(len(level), len(upright)) > _MOST_RULES:
        return []
    level, upright = _merged(level), _merged(upright)
    grids = _grids(level, upright)
    tables = [table for grid in grids if (table := _table(*grid, text_page)) is not None]
    return sorted(tables, key=lambda table: -table.top)


def _letters(texts: Iterator[str]) -> int:
    return sum(character.isalnum() for text in texts for character in text)


def _rules(page: pypdfium2.PdfPage) -> tuple[Rules, Rules]:
    level, upright = Rules(), Rules()
    for shape in page.get_objects(filter=(pdfium.FPDF_PAGEOBJ_PATH,), max_depth=1):
        for x0, y0, x1, y1 in _strokes(shape.raw):
            if abs(y1 - y0) <= _THIN and abs(x1 - x0) > _THIN:
                level.append(_Rule((y0 + y1) / 2, min(x0, x1), max(x0, x1)))
            elif abs(x1 - x0) <= _THIN and abs(y1 - y0) > _THIN:
                upright.append(_Rule((x0 + x1) / 2, min(y0, y1), max(y0, y1)))
        if len(level) + len(upright) > 2 * _MOST_RULES:
            break
    return level, upright


def _strokes(path: object) -> Iterator[tuple[float, float, float, float]]:
    """What is drawn along the axes: lines that are stroked, and rectangles thin enough to be lines."""
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDFPath_GetDrawMode(path, ctypes.byref(fill), ctypes.byref(stroke))
    if stroke.value:
        yield from _segments(path)
    elif fill.value:
        edges = [ctypes.c_float() for _ in range(4)]
        pdfium.FPDFPageObj_GetBounds(path, *map(ctypes.byref, edges))
        left, bottom, right, top = (edge.value for edge in edges)
        if min(right - left, top - bottom) <= _THIN:
            yield left, bottom, right, top


def _segments(path: object) -> Iterator[tuple[float, float, float, float]]:
    matrix, x, y = pdfium.FS_MATRIX(), ctypes.c_float(), ctypes.c_float()
    pdfium.FPDFPageObj_GetMatrix(path, ctypes.byref(matrix))
    start = last = (0.0, 0.0)
    for index in range(min(pdfium.FPDFPath_CountSegments(path), _MOST_RULES)):
        segment = pdfium.FPDFPath_GetPathSegment(path, index)
        pdfium.FPDFPathSegment_GetPoint(segment, ctypes.byref(x), ctypes.byref(y))
        point = (
            matrix.a * x.value + matrix.c * y.value + matrix.e,
            matrix.b * x.value + matrix.d * y.value + matrix.f,
        )
        kind = pdfium.FPDFPathSegment_GetType(segment)
        if kind == pdfium.FPDF_SEGMENT_MOVETO:
            start = point
        elif kind == pdfium.FPDF_SEGMENT_LINETO:
            yield (*last, *point)
        if pdfium.FPDFPathSegment_GetClose(segment):
            yield (*point, *start)
        last = point


def _merged(rules: Rules) -> Rules:
    """Rules on one line that touch or overlap, as one."""
    merged: Rules = []
    for rule in sorted(rules, key=lambda each: (round(each.at / _NEAR), each.start)):
        last = merged[-1] if merged else None
        if last is not None and abs(last.at - rule.at) <= _NEAR and rule.start <= last.end + _NEAR:
            merged[-1] = _Rule(last.at, last.start, max(last.end, rule.end))
        else:
            merged.append(rule)
    return merged


def _grids(level: Rules, upright: Rules) -> list[tuple[Rules, Rules]]:
    """The rules in groups that cross or touch each other."""
    left = list(range(len(upright)))
    grids: list[tuple[Rules, Rules]] = []
    for seed in range(len(upright)):
        if seed not in left:
            continue
        left.remove(seed)
        columns, rows, ahead = [upright[seed]], Rules(), [upright[seed]]
        while ahead:
            column = ahead.pop()
            for row in (row for row in level if row not in rows and _cross(row, column)):
                rows.append(row)
                for index in [index for index in left if _cross(row, upright[index])]:
                    left.remove(index)
                    columns.append(upright[index])
                    ahead.append(upright[index])
        grids.append((rows, columns))
    return grids


def _cross(level: _Rule, upright: _Rule) -> bool:
    return (
        upright.start - _NEAR <= level.at <= upright.end + _NEAR
        and level.start - _NEAR <= upright.at <= level.end + _NEAR
    )


def _places(rules: Rules) -> list[float]:
    places: list[float] = []
    for at in sorted(rule.at for rule in rules):
        if not places or at - places[-1] > _NEAR:
            places.append(at)
    return places


def _table(level: Rules, upright: Rules, text_page: pypdfium2.PdfTextPage) -> Table | None:
    xs, ys = _places(upright), _places(level)[::-1]
    if len(xs) < 3 or len(ys) < 3 or len(xs) * len(ys) > _MOST_CELLS:
        return None
    taken: set[tuple[int, int]] = set()
    rows: list[list[str]] = []
    for row in range(len(ys) - 1):
        cells = []
        for column in range(len(xs) - 1):
            cells.append(_cell(row, column, (xs, ys), (level, upright), taken, text_page))
        rows.append(cells)
    filled = [[index for index, cell in enumerate(row) if cell] for row in rows]
    if sum(map(bool, filled)) < 2 or len({index for row in filled for index in row}) < 2:
        return None
    return Table(rows, xs[0], ys[-1], xs[-1], ys[0], tuple(xs))


def _cell(
    row: int,
    column: int,
    grid: tuple[list[float], list[float]],
    rules: tuple[Rules, Rules],
    taken: set[tuple[int, int]],
    text_page: pypdfium2.PdfTextPage,
) -> str:
    """The text of the cell that begins here: it reaches as far as no rule ends it; "" within another one."""
    if (row, column) in taken:
        return ""
    (xs, ys), (level, upright) = grid, rules
    right, below = column + 1, row + 1
    while right < len(xs) - 1 and not _ruled(upright, xs[right], ys[row + 1], ys[row]):
        right += 1
    while below < len(ys) - 1 and not _ruled(level, ys[below], xs[column], xs[right]):
        below += 1
    taken |= {(r, c) for r in range(row, below) for c in range(column, right)}
    text = text_page.get_text_bounded(xs[column], ys[below], xs[right], ys[row])
    return " ".join(str(text).split())


def _ruled(rules: Rules, at: float, start: float, end: float) -> bool:
    """Whether a rule runs here along most of the way."""
    along = sum(
        max(0.0, min(rule.end, end) - max(rule.start, start)) for rule in rules if abs(rule.at - at) <= _NEAR
    )
    return along > 0.5 * (end - start)
