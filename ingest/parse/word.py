"""Word files: their markup made plain (word_markup.py), then paragraphs, lists and pages by unstructured."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import PurePosixPath

from lxml import etree

from ingest.parse.limits import Context
from ingest.parse.ooxml import (
    CONTENT_TYPES,
    main_part,
    parsed,
    properties,
    relations_of,
    transitional,
    usual_types,
)
from ingest.parse.unstructured_elements import document, elements_of, prepare
from ingest.parse.word_markup import hidden_styles, make_plain, notes_of
from ingest.types import ParsedDocument

_STORY = re.compile(r"(?:header|footer)\d*\.xml")
_NOTES = ("footnotes.xml", "endnotes.xml")
_PICTURES = "media"


def parse_docx(content: bytes, source: str, context: Context) -> ParsedDocument:
    """Headings by style, lists, tables, text boxes, formulas, notes, headers and footers.

    There are pages where the file has page breaks. Tracked changes are read as accepted; hidden text is not.
    """
    prepare()
    from unstructured.partition.docx import partition_docx

    values = properties(content)
    found = elements_of(partition_docx(file=io.BytesIO(readable(content)), languages=[""]))
    return document(found, values.pop("title", ""), values)


def readable(content: bytes) -> bytes:
    """The same file in the transitional dialect, its stories plain and its pictures empty."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        parts = {name: transitional(archive.read(name)) for name in names if name.endswith((".xml", ".rels"))}
        parts[CONTENT_TYPES] = usual_types(parts[CONTENT_TYPES])
        main = PurePosixPath(main_part(parts[relations_of("")]))
        parts.update(_plain_stories(parts, main))
        pictures = main.parent / _PICTURES
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as target:
            for name in names:
                if name not in parts:
                    # pictures are not read, and need not be copied
                    parts[name] = b"" if PurePosixPath(name).parent == pictures else archive.read(name)
                target.writestr(name, parts.pop(name))
    return out.getvalue()


def _plain_stories(parts: Mapping[str, bytes], main: PurePosixPath) -> dict[str, bytes]:
    """The body with the notes behind it, and every header and footer."""
    folder = main.parent
    styles = parts.get(str(folder / "styles.xml"))
    hidden = hidden_styles(parsed(styles)) if styles and b"vanish" in styles else frozenset[str]()
    notes = [parsed(parts[name]) for name in map(str, (folder / each for each in _NOTES)) if name in parts]
    made = {}
    for name, part in parts.items():
        path = PurePosixPath(name)
        if path == main or (path.parent == folder and _STORY.fullmatch(path.name)):
            root = parsed(part)
            if path == main:
                notes_of(root, notes)
            make_plain(root, hidden)
            made[name] = bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True))
    return made
