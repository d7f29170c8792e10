"""OpenDocument text, slides and sheets (ODT, ODP, ODS), read from their XML; no office program is needed."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from ingest.parse.builder import Builder
from ingest.parse.failures import password_protected
from ingest.parse.limits import Context
from ingest.types import ParsedDocument

_OASIS = "{urn:oasis:names:tc:opendocument:xmlns:%s:1.0}"
_OFFICE, _TEXT, _TABLE = _OASIS % "office", _OASIS % "text", _OASIS % "table"
_DRAW, _STYLE, _SHOW = _OASIS % "drawing", _OASIS % "style", _OASIS % "presentation"
_META, _DUBLIN = _OASIS % "meta", "{http://purl.org/dc/elements/1.1/}"
_FIELDS = {
    "title": _DUBLIN + "title",
    "author": _META + "initial-creator",
    "creator": _DUBLIN + "creator",
    "created": _META + "creation-date",
}
_SILENT = (_OFFICE + "annotation", _TEXT + "tracked-changes", _TEXT + "note-citation", _OFFICE + "forms")
_BOXES = (_DRAW + "text-box", _DRAW + "custom-shape")
_SPACE, _SPACES = re.compile(r"\s+"), re.compile(" {2,}")
_MOST_REPEATED = 64  # the empty rest of a sheet is one cell, repeated to its edge
_ROOMS = (_TABLE + "table-header-rows", _TABLE + "table-rows", _TABLE + "table-row-group")


def parse(content: bytes, source: str, context: Context) -> ParsedDocument:
    """Headings, paragraphs, lists and tables; slides and sheets are pages.

    Raises ParseError `password_protected`.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        if "META-INF/manifest.xml" in names and b"encryption-data" in archive.read("META-INF/manifest.xml"):
            raise password_protected()
        root = ElementTree.fromstring(archive.read("content.xml"))
        meta = ElementTree.fromstring(archive.read("meta.xml")) if "meta.xml" in names else Element("none")
    writer = _Writer(_parents(root))
    for body in root.iterfind(f"{_OFFICE}body/*"):
        writer.body(body)
    values = {name: (meta.findtext(f".//{tag}") or "").strip() for name, tag in _FIELDS.items()}
    values["author"] = values["author"] or values.pop("creator")
    values.pop("creator", None)
    title = values.pop("title")
    return writer.builder.build(title, {name: value for name, value in values.items() if value})


def _parents(root: Element) -> dict[str, str]:
    """Automatic styles and the named ones that they stand for."""
    return {
        style.get(_STYLE + "name", ""): style.get(_STYLE + "parent-style-name", "")
        for style in root.iter(_STYLE + "style")
    }


class _Writer:
    def __init__(self, parents: dict[str, str]) -> None:
        self.builder = Builder()
        self._parents = parents
        self._page: int | None = None

    def body(self, body: Element) -> None:
        """A whole text; or page by page, a slide or a sheet each."""
        pages = body.findall(_DRAW + "page") or body.findall(_TABLE + "table")
        if body.tag == _OFFICE + "text" or not pages:
            self._blocks(body)
            return
        for number, page in enumerate(pages, start=1):
            self._page = number
            if page.tag == _TABLE + "table":
                self._add("heading", page.get(_TABLE + "name", ""), 1)
                self._table(page)
            else:
                self._slide(page)
            self.builder.end_page(number)

    def _slide(self, slide: Element) -> None:
        frames = list(slide)
        titles = [frame for frame in frames if frame.get(_SHOW + "class") == "title"]
        for frame in titles:
            self._add("heading", " ".join(_flat(frame).split()), 1)
        for frame in frames:
            if frame not in titles:
                self._block(frame)

    def _blocks(self, parent: Element) -> None:
        for child in parent:
            self._block(child)

    def _block(self, element: Element) -> None:
        if element.tag in _SILENT:
            return
        if element.tag == _TEXT + "h":
            self._add("heading", _inline(element), int(element.get(_TEXT + "outline-level", "1")))
        elif element.tag == _TEXT + "p":
            self._paragraph(element)
        elif element.tag == _TEXT + "list":
            self._add("list", "\n".join(_items(element)))
        elif element.tag == _TABLE + "table":
            self._table(element)
        else:
            self._blocks(element)  # sections, frames, groups, indexes, notes

    def _paragraph(self, element: Element) -> None:
        style = element.get(_TEXT + "style-name", "")
        named = self._parents.get(style) or style
        level = {"Title": 1, "Subtitle": 2}.get(named)
        text = _SPACES.sub(" ", _inline(element))
        self._add("heading" if level else "paragraph", text, level)
        for box in (each for each in element.iter() if each.tag in _BOXES):
            self._blocks(box)
        for table in (each for each in element.iter(_TABLE + "table")):
            self._table(table)

    def _table(self, table: Element) -> None:
        rows = [row for row in _rows(table) if any(row)]
        self.builder.add_table(rows, page=self._page)

    def _add(self, kind: str, text: str, level: int | None = None) -> None:
        self.builder.add(kind, text, level=level, page=self._page)  # type: ignore[arg-type]  # a BlockKind


def _rows(table: Element) -> Iterator[list[str]]:
    for child in table:
        if child.tag in _ROOMS:
            yield from _rows(child)
        elif child.tag == _TABLE + "table-row":
            cells = list(_cells(child))
            for _ in range(_repeats(child, "number-rows-repeated") if any(cells) else 1):
                yield cells


def _cells(row: Element) -> Iterator[str]:
    for cell in row:
        if cell.tag not in (_TABLE + "table-cell", _TABLE + "covered-table-cell"):
            continue
        text = " ".join(_flat(cell).split())
        for _ in range(_repeats(cell, "number-columns-repeated")):
            yield text


def _repeats(element: Element, name: str) -> int:
    return min(int(element.get(_TABLE + name, "1")), _MOST_REPEATED)


def _items(element: Element, depth: int = 0) -> Iterator[str]:
    for item in element:
        mark = "- "
        for child in item:
            if child.tag == _TEXT + "list":
                yield from _items(child, depth + 1)
            elif text := " ".join(_flat(child).split()):
                yield "  " * depth + mark + text
                mark = "  "


def _flat(element: Element) -> str:
    """Every word below an element, its paragraphs apart."""
    if element.tag in _SILENT:
        return ""
    return _inline(element, boxes=True)


def _inline(element: Element, *, boxes: bool = False) -> str:
    """The text of a paragraph; boxes that are anchored in it follow as blocks of their own."""
    parts = [_spaced(element.text)]
    for child in element:
        if child.tag == _TEXT + "s":
            parts.append(" " * int(child.get(_TEXT + "c", "1")))
        elif child.tag == _TEXT + "tab":
            parts.append("\t")
        elif child.tag == _TEXT + "line-break":
            parts.append("\n")
        elif child.tag not in _SILENT and (boxes or not _is_apart(child)):
            apart = child.tag in (_TEXT + "p", _TEXT + "h", _TEXT + "note-body", _TABLE + "table-cell")
            parts.append(f" {_inline(child, boxes=boxes)} " if apart else _inline(child, boxes=boxes))
        parts.append(_spaced(child.tail))
    return "".join(parts).strip() if element.tag in (_TEXT + "p", _TEXT + "h") else "".join(parts)


def _spaced(text: str | None) -> str:
    """White space of the XML is one space."""
    return _SPACE.sub(" ", text) if text else ""


def _is_apart(element: Element) -> bool:
    return element.tag == _TABLE + "table" or element.tag in _BOXES
