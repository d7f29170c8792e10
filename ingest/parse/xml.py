"""XML by lxml: the text of every element and the values of its attributes, in the order of the file."""

from __future__ import annotations

import re
from html.entities import html5

from lxml import etree
from lxml.etree import _Element as Element

from ingest.parse.builder import Builder
from ingest.parse.decode import decoded
from ingest.parse.limits import Context
from ingest.types import ParsedDocument

_DECLARATION = re.compile(r"\A\ufeff?\s*<\?xml[^>]*\?>")
_DECLARED = re.compile(rb"""\A\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_ENTITY = re.compile(r"&([A-Za-z][\w.-]*);")
_DEFINED = re.compile(r"<!ENTITY\s+([\w.-]+)\s+[\"']")
_OF_XML = ("amp", "lt", "gt", "quot", "apos")
_DEEPEST = 200
_NAMESPACE_XML = "{http://www.w3.org/XML/1998/namespace}"
_NAMESPACE_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


def parse(content: bytes, source: str, context: Context) -> ParsedDocument:
    """Mixed content is a paragraph; short values that stand together are lines of one block."""
    declared = _DECLARED.match(content)
    found = decoded(content, declared[1].decode("ascii") if declared else None)
    text = _with_entities(_DECLARATION.sub("", found.text))
    # Entities that the file itself defines are text, those of other files are not fetched. What they may grow
    # to is bounded by libxml2 only without `huge_tree`.
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities="internal", no_network=True, huge_tree="<!ENTITY" not in text
    )
    writer = _Writer()
    writer.walk(etree.fromstring(text.encode("utf-8", "replace"), parser), 0)
    writer.end()
    return writer.builder.build(metadata=found.doubt())


def _with_entities(text: str) -> str:
    """Entities that only a file elsewhere defines: those of HTML as their letters, others as written."""
    own = set(_DEFINED.findall(text))

    def known(match: re.Match[str]) -> str:
        if match[1] in own or match[1] in _OF_XML:
            return match[0]
        return html5.get(f"{match[1]};", f"&amp;{match[1]};")

    return _ENTITY.sub(known, text)


class _Writer:
    """Values are gathered as lines until a paragraph, or the end of what holds them, ends their block."""

    def __init__(self) -> None:
        self.builder = Builder()
        self._lines: list[str] = []

    def walk(self, element: Element, depth: int) -> None:
        """The blocks of an element, in order."""
        if not isinstance(element.tag, str):
            return
        if not len(element) or _is_mixed(element) or depth > _DEEPEST:
            self._add(_flat(_inline(element)), _attributes(element, deep=True))
            return
        self.end()
        self._add("", _attributes(element))
        for child in element:
            self.walk(child, depth + 1)
        self.end()

    def end(self) -> None:
        """Close the block of lines."""
        self.builder.add("list" if len(self._lines) > 1 else "paragraph", "\n".join(self._lines))
        self._lines = []

    def _add(self, text: str, attributes: str) -> None:
        line = f"{text} ({attributes})" if text and attributes else text or attributes
        self._lines += [line] if line else []


def _is_mixed(element: Element) -> bool:
    """Whether text stands beside elements, as in prose."""
    texts = [element.text, *(child.tail for child in element)]
    return any(text and text.strip() for text in texts)


def _inline(element: Element) -> str:
    """The text of mixed content: an element within it that holds elements, or nothing, ends a word."""
    parts = [element.text or ""]
    for child in element:
        if isinstance(child.tag, str):
            part = _inline(child)
            parts.append(f" {part} " if len(child) or not part else part)
        parts.append(child.tail or "")
    return "".join(parts)


def _attributes(element: Element, *, deep: bool = False) -> str:
    """`name: value` of each; those that speak to programs alone (of XML itself, of schemas) are left out."""
    found = [
        (each, name, value)
        for each in (element.iter(etree.Element) if deep else [element])
        for name, value in each.attrib.items()
    ]
    return ", ".join(
        f"{etree.QName(name).localname}: {_flat(value)}"
        for _, name, value in found
        if value.strip() and not name.startswith((_NAMESPACE_XML, _NAMESPACE_XSI))
    )


def _flat(text: str) -> str:
    return " ".join(text.split())
