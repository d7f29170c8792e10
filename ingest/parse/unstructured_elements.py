"""unstructured: kept off the network, and its elements turned into a ParsedDocument.

unstructured splits sentences with spaCy's English model and downloads it when it is absent. All it needs
them for is to tell headings from prose; spaCy's rule-based sentencizer does that job without a model.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ingest.parse.builder import Builder
from ingest.parse.html import Rows, table_rows
from ingest.types import ParsedDocument
from rag.types import Metadata

_SWITCHES = {"DO_NOT_TRACK": "1", "SCARF_NO_ANALYTICS": "1", "UNSTRUCTURED_DISABLE_NOTICE": "1"}

_LONGEST_HEADING = 200
_OPEN_ENDS = ",;:{}[]()"


@lru_cache(maxsize=1)
def prepare() -> None:
    """Call before anything of unstructured is imported: no telemetry, no notice, no model to download.

    It changes this process's environment.
    """
    os.environ.update(_SWITCHES)
    import spacy
    from unstructured.nlp import tokenize

    splitter = spacy.blank("en")
    splitter.add_pipe("sentencizer")
    tokenize._get_nlp = lambda: splitter


@dataclass(frozen=True, slots=True)
class Element:
    """What is used of an element; depth 0 is the top."""

    category: str
    text: str
    depth: int | None
    page: int | None
    sheet: str
    rows: Rows


def elements_of(elements: Iterable[object]) -> list[Element]:
    """The elements without page breaks; a table's cells come from its HTML, as its text has lost them."""
    return [_element(element) for element in elements if getattr(element, "category", "") != "PageBreak"]


def _element(element: object) -> Element:
    metadata = getattr(element, "metadata", None)
    category = str(getattr(element, "category", ""))
    html = getattr(metadata, "text_as_html", None) if category == "Table" else None
    return Element(
        category,
        str(getattr(element, "text", "") or ""),
        getattr(metadata, "category_depth", None),
        getattr(metadata, "page_number", None),
        getattr(metadata, "page_name", None) or "",
        table_rows(html) if html else [],
    )


def document(
    found: Sequence[Element],
    title: str = "",
    metadata: Metadata | None = None,
    builder: Builder | None = None,
) -> ParsedDocument:
    """Blocks and pages of the elements, after what `builder` holds already."""
    builder = builder or Builder()
    page: int | None = None
    sheet, items = "", list[str]()
    for index, element in enumerate(found):
        if items and (element.category != "ListItem" or element.page != page):
            builder.add("list", "\n".join(items), page=page)
            items = []
        if page is not None and element.page is not None and element.page > page:
            builder.end_page(page)
        page = element.page if element.page is not None else page
        if element.sheet and element.sheet != sheet:
            sheet = element.sheet
            builder.add("heading", sheet, level=1, page=page)
        if element.category == "ListItem":
            items.append(_list_line(element))
        else:
            _add(builder, element, page, found[index + 1] if index + 1 < len(found) else None)
    builder.add("list", "\n".join(items), page=page)
    if page is not None:
        builder.end_page(page)
    return builder.build(title, metadata)


def _add(builder: Builder, element: Element, page: int | None, following: Element | None) -> None:
    if element.rows:
        builder.add_table(element.rows, page=page)
    elif element.category == "Title" and _is_heading(element, following):
        level = (element.depth or 0) + 1 + bool(element.sheet)
        builder.add("heading", " ".join(element.text.split()), level=level, page=page)
    elif element.category == "CodeSnippet":
        builder.add("code", element.text, page=page)
    else:
        builder.add("paragraph", element.text, page=page)


def _is_heading(element: Element, following: Element | None) -> bool:
    """A title that heads something: the last line, or one of several short lines in a row, does not.

    unstructured calls any short text a title. Real headings (from a style or a tag) come with growing
    depth, one that is guessed from plain text has no depth and must at least begin like one.
    """
    if following is None or len(element.text) > _LONGEST_HEADING:
        return False
    if element.depth is None and not (element.text[:1].isalnum() and element.text[-1:] not in _OPEN_ENDS):
        return False
    return following.category != "Title" or (following.depth or 0) > (element.depth or 0)


def _list_line(element: Element) -> str:
    text = " ".join(element.text.split())
    numbered = text[:4].split(".")[0].split(")")[0].isdigit()
    return text if numbered or text[:2] in ("- ", "* ", "• ") else f"- {text}"
