"""Charts of slides: the figures that the file keeps of the cells behind them."""

from __future__ import annotations

from lxml import etree

from ingest.parse.drawing import A
from ingest.parse.ooxml import parsed
from ingest.parse.unstructured_elements import Element

_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"


def chart(part: bytes, page: int) -> list[Element]:
    """Title, and a table of a row per category with a column per series."""
    root = parsed(part)
    title = "".join(each.text or "" for each in root.iterfind(f".//{_C}title//{A}t"))
    series = list(root.iter(f"{_C}ser"))
    if not series:
        return []
    names = [" ".join(_values(each.find(f"{_C}tx")).values()) for each in series]
    labels = _values(_first(series[0], "cat", "xVal"))
    columns = [_values(_first(each, "val", "yVal")) for each in series]
    places = sorted({place for column in [labels, *columns] for place in column})
    rows = [[labels.get(at, ""), *(column.get(at, "") for column in columns)] for at in places]
    heading = [Element("NarrativeText", title, None, page, "", [])] if title else []
    return [*heading, Element("Table", "", None, page, "", [["", *names], *rows])]


def _first(series: etree._Element, *names: str) -> etree._Element | None:
    return next((found for name in names if (found := series.find(_C + name)) is not None), None)


def _values(element: etree._Element | None) -> dict[int, str]:
    """What the file keeps of the cells behind a chart, by their place."""
    if element is None:
        return {}
    return {
        int(point.get("idx", "0")): point.findtext(f"{_C}v") or "" for point in element.iter(f"{_C}pt")
    } or {0: element.findtext(f".//{_C}v") or ""}
