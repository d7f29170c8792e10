"""What Word files hold and readers pass over, put where they look: text boxes, formulas, notes, the strict
dialect.

The XML is rewritten before unstructured sees it; a file with nothing of the kind is handed on as it is.
"""

from __future__ import annotations

import io
import zipfile

from lxml import etree

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
