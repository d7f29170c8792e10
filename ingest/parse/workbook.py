"""What the sheets of a workbook are read into, whatever its format."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field

from ingest.parse.grid import Cell, Row


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: the rows that it shows, what stands in boxes and comments beside them, what is not read.

    `unread` names each as `part: code`. A hidden sheet has nothing but its name.
    """

    name: str
    is_hidden: bool = False
    rows: list[Row] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def shown_rows(
    rows: Iterable[tuple[int, Mapping[int, Cell]]], hidden_rows: Set[int], hidden_columns: Set[int]
) -> Iterator[Row]:
    """Rows and columns that are not hidden, numbered anew: those that are shown together are neighbours."""
    above, left = sorted(hidden_rows), sorted(hidden_columns)
    for number, cells in rows:
        if number in hidden_rows:
            continue
        kept = {
            column - bisect_left(left, column): cell
            for column, cell in cells.items()
            if column not in hidden_columns
        }
        if kept:
            yield Row(number - bisect_left(above, number), kept)
