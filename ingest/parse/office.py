"""Word, PowerPoint and Excel files by unstructured."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element as XmlElement

from lxml import etree

from ingest.parse.limits import Context
from ingest.parse.unstructured_elements import Element, document, elements_of, prepare
from ingest.types import ParsedDocument

_CORE = "docProps/core.xml"
_FIELDS = {
    "title": "{http://purl.org/dc/elements/1.1/}title",
    "author": "{http://purl.org/dc/elements/1.1/}creator",
    "created": "{http://purl.org/dc/terms/}created",
}

_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_CHART = "/chart"
# What Excel writes before a comment of its newer kind, for programs that do not know it.
_THREAD = re.compile(r"\A\[Threaded comment\].*?Comment:", re.DOTALL)
_DOCUMENT = "word/document.xml"
_STRICT = b"http://purl.oclc.org/ooxml/"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_MATH = "http://schemas.openxmlformats.org/officeDocument/2006/math"
_COMPATIBLE = "http://schemas.openxmlformats.org/markup-compatibility/2006"
_W, _M, _MC = f"{{{_WORD}}}", f"{{{_MATH}}}", f"{{{_COMPATIBLE}}}"
# ISO 29500 strict names its parts apart from the transitional ones that all programs write.
_NAMES = (
    (b"http://purl.oclc.org/ooxml/wordprocessingml/main", _WORD.encode()),
    (b"http://purl.oclc.org/ooxml/officeDocument/math", _MATH.encode()),
    (b"http://purl.oclc.org/ooxml/drawingml/", b"http://schemas.openxmlformats.org/drawingml/2006/"),
    (
        b"http://purl.oclc.org/ooxml/officeDocument/relationships",
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    ),
    (b"http://purl.oclc.org/ooxml/", b"http://schemas.openxmlformats.org/"),
)
_NOTES = ("word/footnotes.xml", "word/endnotes.xml")
_MARKS = (b"txbxContent", b":oMath")


def parse_docx(content: bytes, source: str, context: Context) -> ParsedDocument:
    """Headings by style, lists, tables, text boxes, formulas, notes, headers and footers.

    There are pages where the file has page breaks.
    """
    prepare()
    from unstructured.partition.docx import partition_docx

    content = readable(content)
    properties = _properties(content)
    found = elements_of(partition_docx(file=io.BytesIO(content), languages=[""]))
    return document(found, properties.pop("title", ""), properties)


def parse_pptx(content: bytes, source: str, context: Context) -> ParsedDocument:
    """One page per slide, speaker notes and the figures of charts included."""
    prepare()
    from unstructured.partition.pptx import partition_pptx

    properties = _properties(content)
    found = with_charts(elements_of(partition_pptx(file=io.BytesIO(content), languages=[""])), content)
    return document(found, properties.pop("title", ""), properties)


def parse_xlsx(content: bytes, source: str, context: Context) -> ParsedDocument:
    """One page per sheet, headed by its name, comments behind the cells; the old XLS format too."""
    prepare()
    from unstructured.partition.xlsx import partition_xlsx

    properties = _properties(content)
    found = elements_of(partition_xlsx(file=io.BytesIO(content), languages=[""]))
    found = with_comments(found, content) if content.startswith(b"PK") else found
    return document(found, properties.pop("title", ""), properties)


def _properties(content: bytes) -> dict[str, str]:
    """Title, author and creation time as the file's own properties give them; none for an old XLS."""
    if not content.startswith(b"PK"):
        return {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if _CORE not in archive.namelist():
            return {}
        root = ElementTree.fromstring(archive.read(_CORE))
    values = {name: (root.findtext(tag) or "").strip() for name, tag in _FIELDS.items()}
    return {name: value for name, value in values.items() if value}


def with_charts(found: Sequence[Element], content: bytes) -> list[Element]:
    """The pieces of a presentation, each slide's charts behind them as tables."""
    import pptx

    added: list[Element] = []
    for number, slide in enumerate(pptx.Presentation(io.BytesIO(content)).slides, start=1):
        for relation in slide.part.rels.values():
            if relation.reltype.endswith(_CHART) and not relation.is_external:
                added += _chart(ElementTree.fromstring(relation.target_part.blob), number)
    return sorted([*found, *added], key=lambda piece: piece.page or 0) if added else list(found)


def with_comments(found: Sequence[Element], content: bytes) -> list[Element]:
    """The pieces of a workbook, each sheet's comments behind them with their cells."""
    if b"comments" not in content:  # the name of their part, which a ZIP archive does not pack
        return list(found)
    import openpyxl

    added: list[Element] = []
    for number, sheet in enumerate(openpyxl.load_workbook(io.BytesIO(content)).worksheets, start=1):
        for cell in (cell for row in sheet.iter_rows() for cell in row if cell.comment):
            text = f"{cell.coordinate}: {_THREAD.sub('', cell.comment.text).strip()}"
            added.append(Element("NarrativeText", text, None, number, sheet.title, []))
    return sorted([*found, *added], key=lambda piece: piece.page or 0)


def _chart(root: XmlElement, page: int) -> list[Element]:
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
    heading = [Element("NarrativeText", title, None, page, "", [])] if title else []
    return [*heading, Element("Table", "", None, page, "", [["", *names], *rows])]


def _first(series: XmlElement, *names: str) -> XmlElement | None:
    return next((found for name in names if (found := series.find(_C + name)) is not None), None)


def _values(element: XmlElement | None) -> dict[int, str]:
    """What the file keeps of the cells behind a chart, by their place."""
    if element is None:
        return {}
    return {
        int(point.get("idx", "0")): point.findtext(f"{_C}v") or "" for point in element.iter(f"{_C}pt")
    } or {0: element.findtext(f".//{_C}v") or ""}


def readable(content: bytes) -> bytes:
    """The same Word file, its text boxes as paragraphs behind their anchor and its formulas as text."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if name.endswith((".xml", ".rels"))}
        body = parts.get(_DOCUMENT, b"")
        strict = _STRICT in body
        notes = [parts[name] for name in _NOTES if name in parts]
        if not strict and not notes and not any(mark in body for mark in _MARKS):
            return content
        if strict:
            parts = {name: _transitional(part) for name, part in parts.items()}
            notes = [_transitional(note) for note in notes]
        parts[_DOCUMENT] = _plain(parts[_DOCUMENT], notes)
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
            for name in archive.namelist():
                target.writestr(name, parts[name] if name in parts else archive.read(name))
    return out.getvalue()


def _transitional(part: bytes) -> bytes:
    for strict, usual in _NAMES:
        part = part.replace(strict, usual)
    return part


def _parsed(part: bytes) -> etree._Element:
    return etree.fromstring(part, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))


def _plain(body: bytes, notes: list[bytes]) -> bytes:
    root = _parsed(body)
    for note in notes:
        _add_notes(root, _parsed(note))
    for fallback in list(root.iter(f"{_MC}Fallback")):
        fallback.getparent().remove(fallback)  # says again what stands beside it in a newer form
    for formula in list(root.iter(f"{_M}oMath")):
        _as_run(formula)
    for paragraph in list(root.iter(f"{_M}oMathPara")):
        _unwrap(paragraph)
    for box in list(root.iter(f"{_W}txbxContent")):
        _behind_anchor(box)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True))


def _add_notes(root: etree._Element, notes: etree._Element) -> None:
    """Footnotes and endnotes behind the last paragraph; those with a type are the lines that part them."""
    body = root.find(f"{_W}body")
    for note in notes:
        if note.get(f"{_W}type") is None:
            last = body.find(f"{_W}sectPr")
            at = len(body) if last is None else body.index(last)
            body[at:at] = list(note.iterchildren(f"{_W}p", f"{_W}tbl"))


def _as_run(formula: etree._Element) -> None:
    """A formula as its letters: what stands over and under a line is parted by spaces."""
    run = etree.Element(f"{_W}r")
    text = etree.SubElement(run, f"{_W}t")
    text.text = f" {_letters(formula)} "
    text.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    run.tail = formula.tail
    formula.getparent().replace(formula, run)


def _letters(formula: etree._Element) -> str:
    """Runs that follow each other are one word, as Word divides words where it likes."""
    parts, last = list[str](), None
    for letters in formula.iter(f"{_M}t"):
        place = letters.getparent().getparent()
        parts.append(letters.text or "" if place is last else f" {letters.text or ''}")
        last = place
    return "".join(parts).strip()


def _unwrap(element: etree._Element) -> None:
    parent, at = element.getparent(), element.getparent().index(element)
    if parent.tag == f"{_W}p":
        parent[at : at + 1] = [each for each in element if each.tag == f"{_W}r"]
        return
    paragraph = etree.Element(f"{_W}p")
    paragraph.extend([each for each in element if each.tag == f"{_W}r"])
    parent.replace(element, paragraph)


def _behind_anchor(box: etree._Element) -> None:
    """The paragraphs of a text box behind the outermost paragraph that holds it."""
    anchors = list(box.iterancestors(f"{_W}p"))
    if not anchors:
        return
    anchor = anchors[-1]
    for block in reversed(list(box)):
        anchor.addnext(block)
