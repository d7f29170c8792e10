"""The tables in the passages as grids of cells: heads, rows, and what stands above them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.answer.select import Source, source_of
from rag.answer.tables import TextOf
from rag.text.rows import cells, is_row
from rag.types import Hit, Span

_RULE = re.compile(r"[\s|:+-]*-[\s|:+-]*")
_YEAR = re.compile(r"(?:FY ?)?(?:19|20)\d\d(?:/\d\d)?")
_FURTHEST = 50_000
"""Characters above and below a passage in which its table goes on."""
_LONGEST_ABOVE = 200
_MOST_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class Row:
    """A row's cells, and for each the line of `source` that it stands in."""

    cells: tuple[str, ...]
    lines: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of the hit (an index), whose lines are spans of `source`.

    `names` are the columns' heads and `head` their lines; `sure` says that the first line is surely heads and
    no row. `above` is the line over the table, `titles` the document's title and the headings. A turned grid
    has the table's first column as heads.
    """

    hit: int
    source: Source
    names: tuple[str, ...]
    head: tuple[Span, ...]
    rows: tuple[Row, ...]
    above: Span | None
    titles: tuple[str, ...]
    sure: bool

    @property
    def context(self) -> str:
        """Everything that stands over the table."""
        line = self.source.text[self.above.start : self.above.end] if self.above else ""
        return " ".join((*self.titles, line))

    @property
    def lines(self) -> Span:
        """The whole table in `source`."""
        spans = [*self.head, *(line for row in self.rows for line in row.lines)]
        return Span(min(span.start for span in spans), max(span.end for span in spans))

    def turned(self) -> Grid:
        """The same table read by columns."""
        rows = [
            Row(
                (name, *(row.cells[n] for row in self.rows)),
                (self.head[n], *(row.lines[n] for row in self.rows)),
            )
            for n, name in enumerate(self.names)
            if n
        ]
        names = (self.names[0], *(row.cells[0] for row in self.rows))
        head = (self.head[0], *(row.lines[0] for row in self.rows))
        return Grid(self.hit, self.source, names, head, tuple(rows), self.above, self.titles, self.sure)


def grids_of(hits: Sequence[Hit], text_of: TextOf | None) -> list[Grid]:
    """The clean tables that the hits hold or are part of, each once: rows of no more cells than heads."""
    found: dict[tuple[str, int], Grid] = {}
    for index, hit in enumerate(hits):
        source = source_of(hit, text_of)
        for run in _runs(source, hit):
            key = (hit.chunk.document_id, source.start + run[0].start)
            if key not in found and (grid := _grid(index, hit, source, run)) is not None:
                found[key] = grid
    return list(found.values())


def _runs(source: Source, hit: Hit) -> list[list[Span]]:
    """Runs of rows that touch the hit's chunk."""
    start = hit.chunk.start - source.start
    end = start + len(hit.chunk.text)
    runs: list[list[Span]] = [[]]
    for line in _lines(source.text, max(0, start - _FURTHEST), end + _FURTHEST):
        if is_row(source.text[line.start : line.end]):
            runs[-1].append(line)
        elif runs[-1]:
            if line.start >= end:
                break
            runs.append([])
    return [run for run in runs if len(run) > 1 and run[0].start < end and run[-1].end > start]


def _lines(text: str, low: int, high: int) -> list[Span]:
    low = text.rfind("\n", 0, low) + 1
    found, position = [], low
    for line in text[low:high].split("\n"):
        found.append(Span(position, position + len(line)))
        position += len(line) + 1
    return found


def _grid(index: int, hit: Hit, source: Source, run: Sequence[Span]) -> Grid | None:
    read = [
        (line, cells(text)) for line in run if not _RULE.fullmatch(text := source.text[line.start : line.end])
    ]
    if not 2 <= len(read) <= _MOST_ROWS:
        return None
    (head, names), body = read[0], read[1:]
    if source.text[head.start : head.end].lstrip().startswith("|") and all(
        len(row) == len(names) + 1 for _, row in body
    ):
        names = ("", *names)  # the head of the first column is empty
    width = len(names)
    if width < 2 or any(len(row) > width for _, row in body):
        return None
    rows = tuple(Row((*row, *("",) * (width - len(row))), (line,) * width) for line, row in body)
    if not _are_heads(names, rows):
        return None
    titles = tuple(dict.fromkeys(name for name in (hit.document.title, *hit.chunk.headings) if name))
    sure = width > 2 or _figures(rows, 1)
    return Grid(index, source, names, (head,) * width, rows, _above(source.text, run[0].start), titles, sure)


def _are_heads(names: Sequence[str], rows: Sequence[Row]) -> bool:
    """Whether the first row names columns: no figures in it but years, and those above other cells."""
    if any(not name for name in names[1:]) or names[0][:1].isdigit():
        return False
    return all(
        not name[:1].isdigit()
        or (_YEAR.fullmatch(name) and not any(_YEAR.fullmatch(row.cells[n]) for row in rows))
        for n, name in enumerate(names)
    )


def _figures(rows: Sequence[Row], column: int) -> bool:
    return all(any(letter.isdigit() for letter in row.cells[column]) for row in rows if row.cells[column])


def _above(text: str, start: int) -> Span | None:
    """The line over the table, across a blank one."""
    end = len(text[:start].rstrip())
    first = text.rfind("\n", 0, end) + 1
    line = text[first:end]
    return Span(first, end) if 0 < len(line) <= _LONGEST_ABOVE and not is_row(line) else None
