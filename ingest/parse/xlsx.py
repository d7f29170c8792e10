"""XLSX, part by part: what a sheet shows (ECMA-376 part 1, 18.3), with every stored value as it was written.

Read from the XML, as pandas guesses types and blanks words such as NA, and as openpyxl gives either formulas
or stored values. Sheets are read as a stream, so that a large one takes little more than its text.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time

from lxml import etree
from openpyxl.styles.numbers import BUILTIN_FORMATS
from openpyxl.utils.cell import column_index_from_string, get_column_letter, range_boundaries
from openpyxl.utils.datetime import to_excel

from ingest.parse.drawing import is_hidden, joined
from ingest.parse.grid import Cell, looks_like_value
from ingest.parse.number_format import LOCAL_FORMATS, shown, shown_text
from ingest.parse.ooxml import Relation, main_part, parsed, relations, relations_of, transitional, unescape
from ingest.parse.workbook import Sheet, shown_rows

_S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_TRUE = ("1", "true")
_REFERENCE = re.compile(r"([A-Z]+)(\d+)")
_INTEGER = re.compile(r"-?\d+")
# What Excel writes before a comment of its newer kind, for programs that do not know it.
_THREAD = re.compile(r"\A\[Threaded comment\].*?Comment:", re.DOTALL)
_NO_VALUE = "formula_without_value"


def sheets(content: bytes) -> Iterator[Sheet]:
    """The worksheets in their order; those of charts alone are none."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        book = _Book(archive)
        for name, part, hidden in book.sheets:
            yield Sheet(name, is_hidden=True) if hidden else _read_sheet(book, name, part)


@dataclass(frozen=True, slots=True)
class _Style:
    code: str = "General"
    is_strong: bool = False


class _Book:
    """The parts that sheets share."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = {name.lower(): name for name in archive.namelist()}  # some programs mix their cases
        main = main_part(self.part(relations_of("")))
        root = parsed(self.part(main))
        related = {each.id: each for each in self.relations(main)}
        self.from_1904 = any(each.get("date1904") in _TRUE for each in root.iter(_S + "workbookPr"))
        self.strings = self._strings(related)
        self.styles = self._styles(related)
        self.sheets = [
            (sheet.get("name", ""), relation.target, sheet.get("state", "visible") != "visible")
            for sheet in root.iter(_S + "sheet")
            if (relation := related.get(sheet.get(_ID, ""))) is not None and relation.kind == "worksheet"
        ]

    def part(self, name: str) -> bytes:
        """A part in the transitional dialect."""
        return transitional(self._archive.read(self._names.get(name.lower(), name)))

    def relations(self, name: str) -> list[Relation]:
        """Where a part points."""
        where = relations_of(name)
        found = relations(self.part(where), name) if where.lower() in self._names else []
        return [each for each in found if each.target.lower() in self._names]

    def _strings(self, related: Mapping[str, Relation]) -> list[str]:
        found = next((each.target for each in related.values() if each.kind == "sharedStrings"), None)
        if found is None:
            return []
        strings = []
        for _, item in _stream(self.part(found), "si"):
            strings.append(_string(item))
            _forget(item)
        return strings

    def _styles(self, related: Mapping[str, Relation]) -> list[_Style]:
        found = next((each.target for each in related.values() if each.kind == "styles"), None)
        if found is None:
            return []
        root = parsed(self.part(found))
        codes = {**BUILTIN_FORMATS}
        codes |= {int(each.get("numFmtId")): each.get("formatCode", "") for each in root.iter(_S + "numFmt")}
        codes |= LOCAL_FORMATS
        strong = [_is_on(font.find(_S + "b")) for font in root.iterfind(f"{_S}fonts/{_S}font")]
        return [
            _Style(
                codes.get(int(style.get("numFmtId", "0")), "General"),
                (at := int(style.get("fontId", "0"))) < len(strong) and strong[at],
            )
            for style in root.iterfind(f"{_S}cellXfs/{_S}xf")
        ]


def _is_on(element: etree._Element | None) -> bool:
    return element is not None and element.get("val", "1") in _TRUE


def _stream(part: bytes, *names: str) -> Iterator[tuple[str, etree._Element]]:
    tags = [_S + name for name in names]
    yield from etree.iterparse(io.BytesIO(part), tag=tags, resolve_entities=False, huge_tree=True)


def _forget(element: etree._Element) -> None:
    """Free what was read of a stream."""
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]


def _string(element: etree._Element) -> str:
    """Plain or rich text, without the readings of East Asian words."""
    plain, rich = element.iterfind(_S + "t"), element.iterfind(f"{_S}r/{_S}t")
    return unescape("".join(each.text or "" for each in (*plain, *rich)))


@dataclass(slots=True)
class _Read:
    """What a sheet's part says, before what is hidden is left out."""

    rows: list[tuple[int, dict[int, Cell]]] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    filtered: list[range] = field(default_factory=list)
    valueless: list[tuple[int, int]] = field(default_factory=list)


def _read_sheet(book: _Book, name: str, part: str) -> Sheet:
    read = _Read()
    for _, element in _stream(book.part(part), "row", "col", "autoFilter"):
        if element.tag == _S + "row":
            _read_row(book, element, read)
            _forget(element)
        elif element.tag == _S + "col":
            if _is_hidden(element):
                read.hidden_columns |= set(range(int(element.get("min")), int(element.get("max")) + 1))
        else:
            read.filtered += _filtered(element)
    remarks = list[str]()
    for relation in book.relations(part):
        if relation.kind == "table":
            for each in parsed(book.part(relation.target)).iter(_S + "autoFilter"):
                read.filtered += _filtered(each)
        elif relation.kind == "comments":
            remarks = [*_comments(parsed(book.part(relation.target))), *remarks]
        elif relation.kind == "drawing":
            remarks += _boxes(parsed(book.part(relation.target)))
    hidden_rows = {row for row in read.hidden_rows if not any(row in filtered for filtered in read.filtered)}
    unread = [
        f"{name}!{get_column_letter(column)}{row}: {_NO_VALUE}"
        for row, column in read.valueless
        if row not in hidden_rows and column not in read.hidden_columns
    ]
    rows = list(shown_rows(read.rows, hidden_rows, read.hidden_columns))
    return Sheet(name, rows=rows, remarks=remarks, unread=unread)


def _is_hidden(element: etree._Element) -> bool:
    """Hidden, and not only folded into an outline."""
    return element.get("hidden") in _TRUE and element.get("outlineLevel", "0") == "0"


def _filtered(element: etree._Element) -> list[range]:
    """The rows that a filter chooses among; it hides some of them for now."""
    if element.find(_S + "filterColumn") is None:
        return []
    _, top, _, bottom = range_boundaries(element.get("ref"))
    return [range(top, bottom + 1)]


def _read_row(book: _Book, row: etree._Element, read: _Read) -> None:
    number = int(row.get("r") or (read.rows[-1][0] + 1 if read.rows else 1))
    cells, column = dict[int, Cell](), 0
    for element in row.iterchildren(_S + "c"):
        place = _REFERENCE.fullmatch(element.get("r", ""))
        column = column_index_from_string(place[1]) if place else column + 1
        cell, has_value = _cell(book, element)
        if cell.text.strip():
            cells[column] = cell
        if not has_value:
            read.valueless.append((number, column))
    if _is_hidden(row):
        read.hidden_rows.add(number)
    read.rows.append((number, cells))


def _cell(book: _Book, element: etree._Element) -> tuple[Cell, bool]:
    """A cell, and whether it has the value of its formula; it shows the formula where it has not."""
    at = int(element.get("s", "0"))
    style = book.styles[at] if at < len(book.styles) else _Style()
    kind = element.get("t", "n")
    value = element.findtext(_S + "v")
    formula = element.find(_S + "f")
    if kind == "inlineStr":
        inline = element.find(_S + "is")
        return _text_cell("" if inline is None else _string(inline), style), True
    if not value:
        if formula is None or (kind == "str" and value is not None):
            return Cell("", False), True
        return Cell(f"={formula.text}" if formula.text else "", True), False
    if kind in ("s", "str"):
        text = book.strings[int(value)] if kind == "s" else unescape(value)
        return _text_cell(text, style), True
    return Cell(_shown(value, kind, style.code, book.from_1904), True, style.is_strong), True


def _text_cell(text: str, style: _Style) -> Cell:
    return Cell(shown_text(text, style.code), looks_like_value(text), style.is_strong)


def _shown(value: str, kind: str, code: str, from_1904: bool) -> str:
    """A number, date, truth value or error as the sheet shows it; what is none of these as it is."""
    if kind == "b":
        return "TRUE" if value in _TRUE else "FALSE"
    try:
        if kind == "d":
            moment = datetime.fromisoformat(value) if "-" in value else time.fromisoformat(value)
            return shown(to_excel(moment), code if code != "General" else LOCAL_FORMATS[22])
        if kind == "n":
            number = int(value) if _INTEGER.fullmatch(value) else float(value)
            return shown(number, code, from_1904=from_1904) if math.isfinite(number) else value
    except (ValueError, OverflowError):
        return value
    return value


def _comments(root: etree._Element) -> list[str]:
    """Comments behind the name of their cell, row by row."""
    found = []
    for comment in root.iter(_S + "comment"):
        place = _REFERENCE.fullmatch(comment.get("ref", ""))
        text = comment.find(_S + "text")
        if place is not None and text is not None:
            words = _THREAD.sub("", _string(text)).strip()
            found.append((int(place[2]), column_index_from_string(place[1]), f"{place[0]}: {words}"))
    return [text for _, _, text in sorted(found)]


def _boxes(root: etree._Element) -> list[str]:
    """The text of shapes that lie over the sheet."""
    shapes = (each for each in root.iter("{*}sp") if not is_hidden(each))
    return [text for shape in shapes if (text := joined(shape))]
