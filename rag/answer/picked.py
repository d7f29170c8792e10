"""Cells that answer, as quoted claims: "Key: cell (Column)", with footnotes on the heads and the row."""

from __future__ import annotations

import re

from rag.answer.cite import end_offset
from rag.answer.draft import Anchor, Claim
from rag.answer.grid import Grid
from rag.answer.lookup import Pick, unit_of
from rag.types import Hit, Span

_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_IN_UNITS = re.compile(r"\bin (?:thousands?|millions?|billions?|[A-Z]{3}|[$€£%]|euros?|dollars?)\b")


def claim_of(pick: Pick, hit: Hit) -> Claim:
    """The claim that quotes a pick from its hit."""
    grid, row = pick.grid, pick.grid.rows[pick.row]
    cells = [_named(grid, pick.row, column) for column in pick.columns] if pick.columns else []
    key = " · ".join(row.cells[column] for column in pick.key if row.cells[column])
    above = _telling_above(pick)
    line = f"{key}: {'; '.join(cells)}" if cells else _whole(grid, pick.row)
    text = f"{line[:-1]}, {above[0]})" if above and line.endswith(")") else line
    lines = dict.fromkeys(
        (*([above[1]] if above else []), *(grid.head[c] for c in pick.columns or pick.key), *_lines(pick))
    )
    anchors = tuple(
        _anchor(hit, grid, end_offset(text), span) for span in sorted(lines, key=lambda one: one.start)
    )
    return Claim("", text, anchors, quoted=True)


def spans_of(pick: Pick) -> list[Span]:
    """Where the pick's row stands, in the document's text."""
    shift = pick.grid.source.start
    return [Span(line.start + shift, line.end + shift) for line in dict.fromkeys(_lines(pick))]


def _lines(pick: Pick) -> list[Span]:
    lines = pick.grid.rows[pick.row].lines
    return [lines[column] for column in (*pick.key, *pick.columns)] if pick.columns else list(lines)


def _whole(grid: Grid, row: int) -> str:
    pairs = zip(grid.names, grid.rows[row].cells, strict=True)
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in pairs if cell)


def _named(grid: Grid, row: int, column: int) -> str:
    """The cell with its column's name, whose unit goes behind a bare figure."""
    name, cell = grid.names[column], grid.rows[row].cells[column]
    unit = unit_of(name)
    if unit and re.fullmatch(r"[-−–]?\d[\d,.\s]*", cell):
        return f"{cell} {unit} ({name[: name.rindex(unit)].rstrip(' ([,').removesuffix(' in')})"
    return f"{cell} ({name})"


def _telling_above(pick: Pick) -> tuple[str, Span] | None:
    """The line over the table where it names a year or the figures' unit."""
    grid = pick.grid
    if grid.above is None:
        return None
    text = grid.source.text[grid.above.start : grid.above.end].strip().rstrip(":.")
    named = len(text) <= 100 and (_YEAR.search(text) or _IN_UNITS.search(text))
    return (text.strip("#*_ "), grid.above) if named else None


def _anchor(hit: Hit, grid: Grid, offset: int, span: Span) -> Anchor:
    start, end = grid.source.start + span.start, grid.source.start + span.end
    inside = hit.chunk.start <= start and end <= hit.chunk.end
    return Anchor(offset, grid.hit, start, end, None if inside else grid.source.text[span.start : span.end])
