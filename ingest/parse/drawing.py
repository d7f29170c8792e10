"""DrawingML, the text in shapes of slides and sheets."""

from __future__ import annotations

from lxml import etree

from ingest.parse.ooxml import letters, unescape

A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_A14 = "{http://schemas.microsoft.com/office/drawing/2010/main}"
_TRUE = ("1", "true")


def is_hidden(shape: etree._Element) -> bool:
    """Whether a shape is marked as hidden."""
    return any(each.get("hidden") in _TRUE for each in shape.iterfind("./{*}*/{*}cNvPr"))


def joined(element: etree._Element) -> str:
    """The paragraphs below an element, a line each."""
    return "\n".join(filter(None, map(paragraph_text, element.iter(A + "p"))))


def paragraph_text(paragraph: etree._Element) -> str:
    """Runs and fields as they are, breaks as line ends, formulas as their letters."""
    parts = []
    for child in paragraph:
        if child.tag == A + "br":
            parts.append("\n")
        elif child.tag == _A14 + "m":
            parts.append(f" {letters(child)} ")
        else:
            parts.append(child.findtext(A + "t") or "")
    return unescape("".join(parts)).replace("\v", "\n").strip()
