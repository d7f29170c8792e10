"""Word, PowerPoint and Excel files by unstructured."""

from __future__ import annotations

import io
import zipfile
from xml.etree import ElementTree

from ingest.parse.context import Context
from ingest.parse.elements import document, pieces
from ingest.parse.extras import with_charts, with_comments
from ingest.parse.offline import prepare
from ingest.parse.wordml import readable
from ingest.types import ParsedDocument

_CORE = "docProps/core.xml"
_FIELDS = {
    "title": "{http://purl.org/dc/elements/1.1/}title",
    "author": "{http://purl.org/dc/elements/1.1/}creator",
    "created": "{http://purl.org/dc/terms/}created",
}


def parse_docx(content: bytes, source: str, context: Context) -> ParsedDocument:
    """Headings by style, lists, tables, text boxes, formulas, notes, headers and footers.

    There are pages where the file has page breaks.
    """
    prepare()
    from unstructured.partition.docx import partition_docx

    content = readable(content)
    properties = _properties(content)
    found = pieces(partition_docx(file=io.BytesIO(content), languages=[""]))
    return document(found, properties.pop("title", ""), properties)


def parse_pptx(content: bytes, source: str, context: Context) -> ParsedDocument:
    """One page per slide, speaker notes and the figures of charts included."""
    prepare()
    from unstructured.partition.pptx import partition_pptx

    properties = _properties(content)
    found = with_charts(pieces(partition_pptx(file=io.BytesIO(content), languages=[""])), content)
    return document(found, properties.pop("title", ""), properties)


def parse_xlsx(content: bytes, source: str, context: Context) -> ParsedDocument:
    """One page per sheet, headed by its name, comments behind the cells; the old XLS format too."""
    prepare()
    from unstructured.partition.xlsx import partition_xlsx

    properties = _properties(content)
    found = pieces(partition_xlsx(file=io.BytesIO(content), languages=[""]))
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
