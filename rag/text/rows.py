"""Rows of tables in text: a line per row, ` | `, `|` or a tab between cells."""

from __future__ import annotations

import re

RULE = re.compile(r"[\s|:+-]*-[\s|:+-]*")
"""A row that only parts the header from the rest."""


def separator(line: str) -> str | None:
    """What parts the cells of a row; None where the line is no row."""
    row = line.strip()
    if row.startswith("|") or " | " in row:
        return "|"
    return "\t" if "\t" in row else None


def is_row(line: str) -> bool:
    """Whether the line is a row of a table, and only one."""
    return "\n" not in line.strip() and separator(line) is not None


def cells(row: str) -> tuple[str, ...]:
    """The texts of the row's cells, white space collapsed."""
    parts = separator(row)
    inner = row.strip()
    if parts == "|":
        inner = inner.removeprefix("|").removesuffix("|")
    return tuple(" ".join(cell.split()) for cell in inner.split(parts))
