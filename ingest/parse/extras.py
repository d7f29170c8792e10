"""What unstructured leaves out of slides and sheets: the figures of charts, and the comments on cells."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from ingest.parse.elements import Piece

_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_CHART = "/chart"
# What Excel writes before a comment of its newer kind, for programs that do not know it.
_THREAD = re.compile(r"\A\[Threaded comment\].*?Comment:", re.DOTALL)


def with_charts(found: Sequence[Piece], content: bytes) -> list[Piece]:
    """The pieces of a presentation, each slide's charts behind them as tables."""
    import pptx

    added: list[Piece] = []
    for number, slide in enumerate(pptx.Presentation(io.BytesIO(content)).slides, start=1):
        for relation in slide.part.rels.values():
            if relation.reltype.endswith(_CHART) and not relation.is_external:
                added += _chart(ElementTree.fromstring(relation.target_part.blob), number)
    return sorted([*found, *added], key=lambda piece: piece.page or 0) if added else list(found)


def with_comments(found: Sequence[Piece], content: bytes) -> list[Piece]:
    """The pieces of a workbook, each sheet's comments behind them with their cells."""
    if b"comments" not in content:  # the name of their part, which a ZIP archive does not pack
        return list(found)
    import openpyxl

    added: list[Piece] = []
    for number, sheet in enumerate(openpyxl.load_workbook(io.BytesIO(content)).worksheets, start=1):
        for cell in (cell for row in sheet.iter_rows() for cell in row if cell.comment):
            text = f"{cell.coordinate}: {_THREAD.sub('', cell.comment.text).strip()}"
            added.append(Piece("NarrativeText", text, None, number, sheet.title, []))
    return sorted([*found, *added], key=lambda piece: piece.page or 0)


def _chart(root: Element, page: int) -> list[Piece]:
    """Title, and a table of a row per category with a column per series."""
    title = "".join(each.text or "" for each in root.iterfind(f".//{_C}title//{_A}t"))
    series = list(root.iter(f"{_C}ser"))
    if not series:
        return []
    names = [" ".join(_values(each.find(f"{_C}tx")).values()) for each in series]
    labels = _values(_first(series[0], "cat", "xVal"))
    columns = [_values(_first(each, "val", "yVal")) for each in series]
    places = sorted({place for column in [labels, *columns] for place in column})
    rows = [[labels.get(at, ""), *(column.get(at, "") for column in columns)] for at in places]
    heading = [Piece("NarrativeText", title, None, page, "", [])] if title else []
    return [*heading, Piece("Table", "", None, page, "", [["", *names], *rows])]


def _first(series: Element, *names: str) -> Element | None:
    return next((found for name in names if (found := series.find(_C + name)) is not None), None)


def _values(element: Element | None) -> dict[int, str]:
    """What the file keeps of the cells behind a chart, by their place."""
    if element is None:
        return {}
    return {
        int(point.get("idx", "0")): point.findtext(f"{_C}v") or "" for point in element.iter(f"{_C}pt")
    } or {0: element.findtext(f".//{_C}v") or ""}
