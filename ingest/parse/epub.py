"""EPUB: the pages of a book in the order of its spine; every page is XHTML and read as such."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterator
from urllib.parse import unquote
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from ingest.parse.builder import Builder
from ingest.parse.failures import password_protected
from ingest.parse.html import parse as parse_html
from ingest.parse.limits import Context
from ingest.types import ParsedDocument
from rag.types import Metadata

_CONTAINER = "META-INF/container.xml"
_DUBLIN = "{http://purl.org/dc/elements/1.1/}"
_FIELDS = {"author": "creator", "language": "language", "created": "date", "publisher": "publisher"}


def parse(content: bytes, source: str, context: Context) -> ParsedDocument:
    """Headings, paragraphs, lists and tables of every chapter. Raises ParseError `password_protected`."""
    builder = Builder()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        container = ElementTree.fromstring(archive.read(_CONTAINER))
        package = next(each.get("full-path", "") for each in container.iter() if _local(each) == "rootfile")
        root = ElementTree.fromstring(archive.read(package))
        for path in _spine(root, posixpath.dirname(package)):
            _chapter(archive, path, context, builder)
    return builder.build(root.findtext(f".//{_DUBLIN}title") or "", _metadata(root))


def _chapter(archive: zipfile.ZipFile, path: str, context: Context, builder: Builder) -> None:
    try:
        page = archive.read(path)
    except KeyError:
        return  # a page that the book lists and does not hold
    if not page.lstrip()[:1] == b"<" and not page.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise password_protected()  # what should be XHTML is not: rights management encrypts page by page
    builder.extend(parse_html(page, path, context))


def _spine(root: Element, folder: str) -> Iterator[str]:
    paths = {each.get("id"): each.get("href", "") for each in root.iter() if _local(each) == "item"}
    for each in root.iter():
        if _local(each) == "itemref" and (href := paths.get(each.get("idref"))):
            yield posixpath.normpath(posixpath.join(folder, unquote(href)))


def _metadata(root: Element) -> Metadata:
    values = {name: (root.findtext(f".//{_DUBLIN}{tag}") or "").strip() for name, tag in _FIELDS.items()}
    return {name: value for name, value in values.items() if value}


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]
