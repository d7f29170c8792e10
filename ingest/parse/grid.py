"""Tables in a grid of cells: sheets and delimited text say where cells are, not where tables begin.

Rows that follow each other without an empty one are a band. Lines of a single cell above and below a band's
rows are text; what is left is a table, whose first row is its header. A band that has no header of its own
and stands in the columns of the table above goes on with that table, as rows are often parted by empty ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingest.parse.html import Rows

_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell with text in it. `is_value`: a number, date or the like; `is_strong`: in bold letters."""

    text: str
    is_value: bool
    is_strong: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row that are not empty, by column; `number` counts empty rows too.

    `width` counts the fields of a record, empty ones too, where the file says how many there are.
    """

    number: int
    cells: dict[int, Cell]
    width: int = 1

    @property
    def is_single(self) -> bool:
        """Whether there is but one cell with text."""
        return len(self.cells) == 1

    @property
    def is_line(self) -> bool:
        """Whether there is but one cell, and no room for others."""
        return self.is_single and self.width == 1


Piece = str | Rows
"""A line of text, or the rows of a table with a text for each column."""


@dataclass(slots=True)
class _Table:
    left: int
    right: int
    rows: list[Row]


def looks_like_value(text: str) -> bool:
    """Whether text is a number, a date, an amount with its sign: no letter stands in it."""
    return _LETTER.search(text) is None


def pieces(rows: Iterable[Row]) -> list[Piece]:
    """Lines and tables in their order; `rows` have one cell at least and rising numbers."""
    found = list[str | _Table]()
    for band in _bands(rows):
        for part in _side_by_side(band):
            _take(part, found)
    return [piece if isinstance(piece, str) else _texts(piece) for piece in found]


def _bands(rows: Iterable[Row]) -> Iterator[list[Row]]:
    band = list[Row]()
    for row in rows:
        if band and row.number > band[-1].number + 1:
            yield band
            band = []
        band.append(row)
    if band:
        yield band


def _take(part: Sequence[Row], found: list[str | _Table]) -> None:
    """Put a part behind what was found: lines, a table, or the rest of the table before."""
    lines = len(part) if all(row.is_line for row in part) else 0
    start = next((at for at, row in enumerate(part) if not row.is_single), lines)
    end = next((at for at in range(len(part), start, -1) if not part[at - 1].is_line), start)
    core = part[start:end]
    last = found[-1] if found else None
    if isinstance(last, _Table) and core and _goes_on(last, core, has_title=start > 0):
        last.rows += part[:end]
    else:
        found += map(_line, part[:start])
        if core:
            left, right = _extent(core)
            found.append(_Table(left, right, list(core)))
    found += map(_line, part[end:])


def _line(row: Row) -> str:
    return next(iter(row.cells.values())).text


def _goes_on(table: _Table, core: Sequence[Row], *, has_title: bool) -> bool:
    """Whether these rows belong to a table that ended at an empty row."""
    left, right = _extent(core)
    if left < table.left or right > table.right or _has_header(core) or _is_alike(core[0], table.rows[0]):
        return False
    is_plain = not any(cell.is_value for cell in core[0].cells.values())
    if has_title:
        return not is_plain  # text under a title may well be a header, values are none
    return left == table.left and (right == table.right or not is_plain or len(core) == 1)


def _has_header(rows: Sequence[Row]) -> bool:
    """Whether the first row is in bold over plain cells, or nothing but labels over a column of values."""
    first, rest = rows[0], rows[1:]
    if len(first.cells) < 2 or not rest:
        return False
    if _is_strong(first) and not _is_strong(rest[0]):
        return True
    if any(cell.is_value for cell in first.cells.values()):
        return False
    for column in first.cells:
        below = [row.cells[column] for row in rest if column in row.cells]
        if below and all(cell.is_value for cell in below):
            return True
    return False


def _is_alike(row: Row, header: Row) -> bool:
    """Whether half of the cells or more say what the header says: the same years, for instance."""
    same = sum(
        column in header.cells and header.cells[column].text == cell.text
        for column, cell in row.cells.items()
    )
    return 2 * same >= len(row.cells)


def _is_strong(row: Row) -> bool:
    return all(cell.is_strong for cell in row.cells.values())


def _extent(rows: Sequence[Row]) -> tuple[int, int]:
    return min(min(row.cells) for row in rows), max(max(row.cells) for row in rows)


def _side_by_side(band: Sequence[Row]) -> list[list[Row]]:
    """A band in two or more where an empty column parts tables that begin at different rows.

    Tables that begin at the same row are one: an empty column is often but a gap between columns.
    """
    columns = sorted({column for row in band for column in row.cells})
    for before, after in pairwise(columns):
        if after == before + 1:
            continue
        sides = [_columns(band, columns[0], before), _columns(band, after, columns[-1])]
        starts = [_start(side) for side in sides]
        if None not in starts and starts[0] != starts[1]:
            return [part for side in sides for part in _side_by_side(side)]
    return [list(band)]


def _columns(band: Sequence[Row], left: int, right: int) -> list[Row]:
    kept = ((row, {at: cell for at, cell in row.cells.items() if left <= at <= right}) for row in band)
    return [Row(row.number, cells, row.width) for row, cells in kept if cells]


def _start(rows: Sequence[Row]) -> int | None:
    """The number of the row in which a table with a header begins; None where there is no such table."""
    at = next((at for at, row in enumerate(rows) if not row.is_single), None)
    return rows[at].number if at is not None and _has_header(rows[at:]) else None


def _texts(table: _Table) -> Rows:
    columns = range(table.left, table.right + 1)
    return [
        [row.cells[column].text if column in row.cells else "" for column in columns] for row in table.rows
    ]
