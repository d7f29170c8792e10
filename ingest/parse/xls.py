"""The old XLS format by xlrd, which keeps number formats and what is hidden."""

from __future__ import annotations

import io
from collections.abc import Iterator

import xlrd
from xlrd.book import Book
from xlrd.sheet import Sheet as XlsSheet

from ingest.parse.grid import Cell, looks_like_value
from ingest.parse.number_format import LOCAL_FORMATS, shown, shown_text
from ingest.parse.workbook import Sheet, shown_rows

_BOLD = 600  # of a font's weight, 400 is regular


def sheets(content: bytes) -> Iterator[Sheet]:
    """The worksheets in their order."""
    book = xlrd.open_workbook(
        file_contents=content, formatting_info=True, ragged_rows=True, logfile=io.StringIO()
    )
    for sheet in book.sheets():
        if sheet.visibility:
            yield Sheet(sheet.name, is_hidden=True)
            continue
        rows = ((number, _cells(book, sheet, number)) for number in range(sheet.nrows))
        hidden_rows = {at for at, row in sheet.rowinfo_map.items() if row.hidden and not row.outline_level}
        columns = sheet.colinfo_map.items()
        hidden_columns = {at for at, column in columns if column.hidden and not column.outline_level}
        notes = sorted(sheet.cell_note_map.items())
        remarks = [f"{xlrd.cellname(*place)}: {note.text.strip()}" for place, note in notes]
        yield Sheet(sheet.name, rows=list(shown_rows(rows, hidden_rows, hidden_columns)), remarks=remarks)


def _cells(book: Book, sheet: XlsSheet, row: int) -> dict[int, Cell]:
    cells = ((column, _cell(book, sheet, row, column)) for column in range(sheet.row_len(row)))
    return {column: cell for column, cell in cells if cell.text.strip()}


def _cell(book: Book, sheet: XlsSheet, row: int, column: int) -> Cell:
    kind, value = sheet.cell_type(row, column), sheet.cell_value(row, column)
    style = book.xf_list[sheet.cell_xf_index(row, column)]
    code = LOCAL_FORMATS.get(style.format_key) or book.format_map[style.format_key].format_str
    strong = book.font_list[style.font_index].weight >= _BOLD
    if kind == xlrd.XL_CELL_TEXT:
        return Cell(shown_text(value, code), looks_like_value(value), strong)
    if kind in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
        return Cell(shown(value, code, from_1904=bool(book.datemode)), True, strong)
    if kind == xlrd.XL_CELL_BOOLEAN:
        return Cell("TRUE" if value else "FALSE", True, strong)
    if kind == xlrd.XL_CELL_ERROR:
        return Cell(xlrd.error_text_from_code.get(value, ""), True, strong)
    return Cell("", False)
