"""PowerPoint files by python-pptx: a page per slide; unstructured tells titles from text.

Read here and not by unstructured, whose default leaves out notes, diagrams and what begins left of or above
the slide, and which mixes the shapes of a group with those around it.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pptx
from lxml import etree
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.shapes.base import BaseShape
from pptx.shapes.graphfrm import GraphicFrame
from pptx.shapes.group import GroupShape
from pptx.slide import NotesSlide, Slide

from ingest.parse.charts import chart
from ingest.parse.drawing import A, is_hidden, joined, paragraph_text
from ingest.parse.failures import unread_metadata
from ingest.parse.limits import Context
from ingest.parse.ooxml import as_usual, choose, parsed, properties
from ingest.parse.unstructured_elements import Element, document, prepare
from ingest.types import ParsedDocument

_MAIN = "ppt/presentation.xml"
_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_DATA = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}dm"
_CHART = "/chart"
_FALSE = ("0", "false")
# What every page of notes repeats.
_OF_NOTES_PAGES = (
    PP_PLACEHOLDER.SLIDE_NUMBER,
    PP_PLACEHOLDER.DATE,
    PP_PLACEHOLDER.HEADER,
    PP_PLACEHOLDER.FOOTER,
    PP_PLACEHOLDER.SLIDE_IMAGE,
)


def parse_pptx(content: bytes, source: str, context: Context) -> ParsedDocument:
    """One page per slide: title, text and tables from top to bottom, figures of charts, speaker notes.

    Hidden slides and shapes are left out; the slides are named in the metadata `unread`.
    """
    prepare()
    values = properties(content)
    found, hidden = list[Element](), list[str]()
    for number, slide in enumerate(pptx.Presentation(io.BytesIO(as_usual(content, _MAIN))).slides, 1):
        if slide._element.get("show", "1") in _FALSE:
            hidden.append(f"slide {number}: hidden")
        else:
            found += _slide(slide, number)
    return document(found, values.pop("title", ""), {**values, **unread_metadata(hidden)})


def _slide(slide: Slide, number: int) -> Iterator[Element]:
    choose(slide._element)
    title = slide.shapes.title
    if title is not None and not is_hidden(title._element):
        yield from _title(title, number)
    body = list(_shapes((each for each in slide.shapes if each != title), number))
    for relation in slide.part.rels.values():
        if relation.reltype.endswith(_CHART) and not relation.is_external:
            body += chart(relation.target_part.blob, number)
    if body and body[-1].category == "Title":  # the last line heads nothing, and not the notes
        body[-1] = replace(body[-1], category="NarrativeText")
    yield from body
    if slide.has_notes_slide:
        yield from _notes(slide.notes_slide, number)


def _title(shape: BaseShape, page: int) -> Iterator[Element]:
    """Each paragraph a title under the one before it, unless it is an item of a list."""
    depth = 0
    for paragraph in shape._element.iter(A + "p"):
        text = paragraph_text(paragraph)
        if _is_bulleted(paragraph):
            yield Element("ListItem", text, None, page, "", [])
        elif text:
            yield Element("Title", text, depth, page, "", [])
            depth += 1


def _shapes(shapes: Iterable[BaseShape], page: int) -> Iterator[Element]:
    """From top to bottom, from left to right; what is grouped stays together."""
    for shape in sorted(shapes, key=_place):
        if is_hidden(shape._element):
            continue
        if isinstance(shape, GroupShape):
            yield from _shapes(shape.shapes, page)
        elif isinstance(shape, GraphicFrame):
            yield from _frame(shape, page)
        elif shape.has_text_frame:
            for paragraph in shape._element.iter(A + "p"):
                yield from _paragraph(paragraph, page)


def _place(shape: BaseShape) -> tuple[int, int]:
    return shape.top or 0, shape.left or 0


def _frame(frame: GraphicFrame, page: int) -> Iterator[Element]:
    """A table, or the text of a diagram; charts are found by the slide's relations."""
    if frame.has_table:
        rows = [
            ["" if cell.is_spanned else joined(cell._tc) for cell in row.cells] for row in frame.table.rows
        ]
        if any(map(any, rows)):
            yield Element("Table", "", None, page, "", rows)
        return
    for relation in frame._element.iter(_DIAGRAM + "relIds"):
        data = parsed(frame.part.related_part(relation.get(_DATA)).blob)
        for point in data.iter(_DIAGRAM + "pt"):
            if point.get("type", "node") in ("node", "asst") and (text := joined(point)):
                yield Element("NarrativeText", text, None, page, "", [])


def _paragraph(paragraph: etree._Element, page: int) -> Iterator[Element]:
    """A paragraph of a text box or placeholder; unstructured says whether it reads like a title."""
    from unstructured.partition.text_type import (
        is_email_address,
        is_possible_narrative_text,
        is_possible_title,
    )

    text = paragraph_text(paragraph)
    if not text:
        return
    properties = paragraph.find(A + "pPr")
    depth = int("0" if properties is None else properties.get("lvl", "0"))
    if _is_bulleted(paragraph):
        yield Element("ListItem", text, depth, page, "", [])
    elif not is_email_address(text) and not is_possible_narrative_text(text) and is_possible_title(text):
        yield Element("Title", text, depth + 1, page, "", [])
    else:
        yield Element("NarrativeText", text, depth, page, "", [])


def _notes(notes: NotesSlide, page: int) -> Iterator[Element]:
    """What the speaker says, without the page's own head and foot."""
    choose(notes._element)
    for shape in notes.shapes:
        if shape.is_placeholder and shape.placeholder_format.type in _OF_NOTES_PAGES:
            continue
        for paragraph in shape._element.iter(A + "p"):
            if text := paragraph_text(paragraph):
                yield Element("NarrativeText", text, None, page, "", [])


def _is_bulleted(paragraph: etree._Element) -> bool:
    return paragraph.find(f"{A}pPr/{A}buChar") is not None
