"""What Word, PowerPoint and Excel files share: a ZIP archive of XML parts, in one of two dialects."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from posixpath import dirname, join, normpath
from xml.etree import ElementTree

from lxml import etree

_CORE = "docProps/core.xml"
_FIELDS = {
    "title": "{http://purl.org/dc/elements/1.1/}title",
    "author": "{http://purl.org/dc/elements/1.1/}creator",
    "created": "{http://purl.org/dc/terms/}created",
}
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_COMPATIBLE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_OFFICE = b"http://schemas.openxmlformats.org/"
_STRICT = b"http://purl.oclc.org/ooxml/"
# ISO 29500 strict names its parts apart from the transitional ones that all programs write.
_NAMES = (
    *(
        (_STRICT + name + b"/main", _OFFICE + name + b"/2006/main")
        for name in (b"wordprocessingml", b"spreadsheetml", b"presentationml")
    ),
    (_STRICT + b"officeDocument/math", _OFFICE + b"officeDocument/2006/math"),
    (_STRICT + b"drawingml/", _OFFICE + b"drawingml/2006/"),
    (_STRICT + b"officeDocument/relationships", _OFFICE + b"officeDocument/2006/relationships"),
    (_STRICT, _OFFICE),
)
CONTENT_TYPES = "[Content_Types].xml"
_KINDS = (
    (b"wordprocessingml", b"ms-word", b"document"),
    (b"presentationml", b"ms-powerpoint", b"presentation"),
)
# Documents with macros, templates and shows are read like any other; python-docx and python-pptx refuse them.
_USUAL = [
    (
        re.compile(
            rb"application/vnd\.(?:openxmlformats-officedocument\.%s|%s)\."
            rb"(?:document|presentation|slideshow|template)(?:\.macroEnabled(?:Template)?)?\.main\+xml"
            % (standard, macros)
        ),
        b"application/vnd.openxmlformats-officedocument.%s.%s.main+xml" % (standard, kind),
    )
    for standard, macros, kind in _KINDS
]


def properties(content: bytes) -> dict[str, str]:
    """Title, author and creation time as the file's own properties give them; none for an old XLS."""
    if not content.startswith(b"PK"):
        return {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if _CORE not in archive.namelist():
            return {}
        root = ElementTree.fromstring(archive.read(_CORE))
    values = {name: (root.findtext(tag) or "").strip() for name, tag in _FIELDS.items()}
    return {name: value for name, value in values.items() if value}


@dataclass(frozen=True, slots=True)
class Relation:
    """Where a part points: `kind` is the last word of the relation's type, `target` a part's name."""

    id: str
    kind: str
    target: str


def relations_of(name: str) -> str:
    """The name of the part that holds a part's relations; those of the whole package for an empty name."""
    folder, _, last = name.rpartition("/")
    return join(folder, "_rels", f"{last}.rels")


def relations(part: bytes, name: str) -> list[Relation]:
    """Where the part with this name points in the package; `part` is the one that holds its relations."""
    return [
        Relation(each.get("Id", ""), each.get("Type", "").rpartition("/")[2], _resolved(each, name))
        for each in parsed(part)
        if each.get("TargetMode") != "External"
    ]


def _resolved(relation: etree._Element, name: str) -> str:
    return normpath(join("/", dirname(name), relation.get("Target", ""))).lstrip("/")


def main_part(package: bytes) -> str:
    """The part with the document, workbook or presentation, from the relations of the whole package."""
    return next(each.target for each in relations(package, "") if each.kind == "officeDocument")


def parsed(part: bytes) -> etree._Element:
    """The root of a part; entities are left alone and nothing outside is fetched."""
    return etree.fromstring(part, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))


def transitional(part: bytes) -> bytes:
    """A part of the strict dialect in the names that every library knows; others as they are."""
    if _STRICT not in part:
        return part
    for strict, usual in _NAMES:
        part = part.replace(strict, usual)
    return part


def as_usual(content: bytes, main: str) -> bytes:
    """The same file of the usual kind, and in the transitional dialect if its `main` part is strict."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        types = archive.read(CONTENT_TYPES)
        is_strict = main in names and _STRICT in archive.read(main)
        if not is_strict and usual_types(types) == types:
            return content
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as target:
            for name in names:
                part = usual_types(types) if name == CONTENT_TYPES else archive.read(name)
                target.writestr(name, transitional(part) if name.endswith((".xml", ".rels")) else part)
    return out.getvalue()


def usual_types(types: bytes) -> bytes:
    """The part that says what each part is, with the plain kind of document or presentation."""
    for other, usual in _USUAL:
        types = other.sub(usual, types)
    return types


def unescape(text: str) -> str:
    """Text as meant: what XML cannot hold is written `_xHHHH_` (ST_Xstring, part 1, 22.9.2.19)."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def choose(root: etree._Element, *not_read: str) -> None:
    """Of what is written twice, for newer programs and older ones, leave the newer form in its place.

    Where that holds one of the elements `not_read`, leave the older one.
    """
    for both in list(root.iter(_COMPATIBLE + "AlternateContent")):
        newer, older = both.find(_COMPATIBLE + "Choice"), both.find(_COMPATIBLE + "Fallback")
        is_read = newer is not None and (not not_read or next(newer.iter(*not_read), None) is None)
        chosen = newer if is_read else older
        for child in list(chosen) if chosen is not None else ():
            both.addprevious(child)
        both.getparent().remove(both)


def letters(formula: etree._Element) -> str:
    """A formula as its letters: what stands over and under a line is parted by spaces.

    Runs that follow each other are one word, as Word divides words where it likes.
    """
    parts, last = list[str](), None
    for run in formula.iter(_MATH + "t"):
        place = run.getparent().getparent()
        parts.append(run.text or "" if place is last else f" {run.text or ''}")
        last = place
    return "".join(parts).strip()
