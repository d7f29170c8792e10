"""Excel files: a page per sheet with its tables and lines; unstructured tells headings from other lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ingest.parse import xls, xlsx
from ingest.parse.failures import unread_metadata
from ingest.parse.grid import pieces
from ingest.parse.limits import Context
from ingest.parse.ooxml import properties
from ingest.parse.unstructured_elements import Element, document, prepare
from ingest.parse.workbook import Sheet
from ingest.types import ParsedDocument


def parse_xlsx(content: bytes, source: str, context: Context) -> ParsedDocument:
    """One page per sheet, headed by its name; values as they are shown, comments and text boxes behind them.

    What is hidden is left out. Hidden sheets and formulas without a stored value are named in `unread`.
    """
    return _document(xlsx.sheets(content), properties(content))


def parse_xls(content: bytes, source: str, context: Context) -> ParsedDocument:
    """As XLSX; the format stores the value of every formula, and no properties that are read."""
    return _document(xls.sheets(content), {})


def _document(sheets: Iterable[Sheet], values: dict[str, str]) -> ParsedDocument:
    prepare()
    found, unread = list[Element](), list[str]()
    for page, sheet in enumerate(sheets, start=1):
        if sheet.is_hidden:
            unread.append(f"{sheet.name}: hidden")
        found += _elements(sheet, page)
        unread += sheet.unread
    return document(found, values.pop("title", ""), {**values, **unread_metadata(unread)})


def _elements(sheet: Sheet, page: int) -> Iterator[Element]:
    for piece in pieces(sheet.rows):
        if isinstance(piece, str):
            yield _line(piece, sheet.name, page)
        else:
            yield Element("Table", "", None, page, sheet.name, piece)
    for remark in sheet.remarks:
        yield Element("NarrativeText", remark, None, page, sheet.name, [])


def _line(text: str, sheet: str, page: int) -> Element:
    """A cell that stands alone in its row, as unstructured judges text."""
    from unstructured.cleaners.core import clean_bullets
    from unstructured.partition.text_type import (
        is_bulleted_text,
        is_possible_narrative_text,
        is_possible_numbered_list,
        is_possible_title,
    )

    if is_bulleted_text(text) and text.strip()[1:2].isspace():
        return Element("ListItem", clean_bullets(text), None, page, sheet, [])
    if is_possible_numbered_list(text):
        return Element("ListItem", text, None, page, sheet, [])
    is_title = not is_possible_narrative_text(text) and is_possible_title(text)
    return Element("Title" if is_title else "NarrativeText", text, None, page, sheet, [])
