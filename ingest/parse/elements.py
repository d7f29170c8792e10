"""unstructured's elements to a ParsedDocument; the one place that knows their names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ingest.parse.build import Builder
from ingest.parse.html import Rows, table_rows
from ingest.types import ParsedDocument
from rag.types import Metadata

_LONGEST_HEADING = 200
_OPEN_ENDS = ",;:{}[]()"


@dataclass(frozen=True, slots=True)
class Piece:
    """What is used of an element; depth 0 is the top."""

    category: str
    text: str
    depth: int | None
    page: int | None
    sheet: str
    rows: Rows


def pieces(elements: Iterable[object]) -> list[Piece]:
    """Elements without page breaks; a table's cells come from its HTML, as its text has lost them."""
    return [_piece(element) for element in elements if getattr(element, "category", "") != "PageBreak"]


def _piece(element: object) -> Piece:
    metadata = getattr(element, "metadata", None)
    category = str(getattr(element, "category", ""))
    html = getattr(metadata, "text_as_html", None) if category == "Table" else None
    return Piece(
        category,
        str(getattr(element, "text", "") or ""),
        getattr(metadata, "category_depth", None),
        getattr(metadata, "page_number", None),
        getattr(metadata, "page_name", None) or "",
        table_rows(html) if html else [],
    )


def document(
    found: Sequence[Piece], title: str = "", metadata: Metadata | None = None, builder: Builder | None = None
) -> ParsedDocument:
    """Blocks and pages of the elements, after what `builder` holds already."""
    builder = builder or Builder()
    page: int | None = None
    sheet, items = "", list[str]()
    for index, piece in enumerate(found):
        if items and (piece.category != "ListItem" or piece.page != page):
            builder.add("list", "\n".join(items), page=page)
            items = []
        if page is not None and piece.page is not None and piece.page > page:
            builder.end_page(page)
        page = piece.page if piece.page is not None else page
        if piece.sheet and piece.sheet != sheet:
            sheet = piece.sheet
            builder.add("heading", sheet, level=1, page=page)
        if piece.category == "ListItem":
            items.append(_list_line(piece))
        else:
            _add(builder, piece, page, found[index + 1] if index + 1 < len(found) else None)
    builder.add("list", "\n".join(items), page=page)
    if page is not None:
        builder.end_page(page)
    return builder.build(title, metadata)


def _add(builder: Builder, piece: Piece, page: int | None, following: Piece | None) -> None:
    if piece.rows:
        builder.add_table(piece.rows, page=page)
    elif piece.category == "Title" and _is_heading(piece, following):
        level = (piece.depth or 0) + 1 + bool(piece.sheet)
        builder.add("heading", " ".join(piece.text.split()), level=level, page=page)
    elif piece.category == "CodeSnippet":
        builder.add("code", piece.text, page=page)
    else:
        builder.add("paragraph", piece.text, page=page)


def _is_heading(piece: Piece, following: Piece | None) -> bool:
    """A title that heads something: the last line, or one of several short lines in a row, does not.

    unstructured calls any short text a title. Real headings (from a style or a tag) come with growing
    depth, one that is guessed from plain text has no depth and must at least begin like one.
    """
    if following is None or len(piece.text) > _LONGEST_HEADING:
        return False
    if piece.depth is None and not (piece.text[:1].isalnum() and piece.text[-1:] not in _OPEN_ENDS):
        return False
    return following.category != "Title" or (following.depth or 0) > (piece.depth or 0)


def _list_line(piece: Piece) -> str:
    text = " ".join(piece.text.split())
    numbered = text[:4].split(".")[0].split(")")[0].isdigit()
    return text if numbered or text[:2] in ("- ", "* ", "• ") else f"- {text}"
