"""HTML by lxml: markup goes, structure stays, and no text is dropped that a browser shows.

unstructured leaves out captions, `<details>` and struck text; docs/log.md (2026-11-21) has the figures.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

import lxml.html
from lxml.etree import ParserError
from lxml.html import HtmlElement

from ingest.parse.builder import Builder
from ingest.parse.decode import decode
from ingest.parse.limits import Context
from ingest.types import BlockKind, ParsedDocument

_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_-]{2,30})""", re.IGNORECASE)
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_HEADING = re.compile("h[1-6]")
_SILENT = frozenset(
    (
        "script",
        "style",
        "template",
        "noscript",
        "head",
        "iframe",
        "object",
        "svg",
        "math",
        "select",
        "textarea",
    )
)
_INLINE = re.compile(
    "a|abbr|acronym|b|bdi|bdo|big|br|button|cite|code|data|del|dfn|em|font|i|img|input|ins|kbd|label|mark|"
    "meter|output|q|rp|rt|ruby|s|samp|small|span|strike|strong|sub|sup|time|tt|u|var|wbr"
)
_LISTS = ("ul", "ol", "menu", "dir")
_APART = ("pre", "table")
_DEEPEST = 200

Rows = list[list[str]]
_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9]*)\b[^>]*>")
_INLINE_TAGS = re.compile(
    "a|abbr|b|big|br|center|cite|code|del|details|dfn|div|em|font|i|iframe|img|ins|kbd|mark|p|q|s|samp|small|"
    "span|strike|strong|sub|summary|sup|tt|u|var|wbr"
)
_BREAK = re.compile("address|blockquote|br|dd|div|dl|dt|h[1-6]|hr|li|ol|p|pre|summary|table|ul")
_SILENT_TAGS = frozenset(("script", "style", "template"))


def parse(content: bytes, source: str, context: Context) -> ParsedDocument:
    """Headings, paragraphs, lists, tables, captions and code of a page; its title from `<title>`."""
    text = _DECLARATION.sub("", _decode(content)).replace("\0", "")
    try:
        root = lxml.html.document_fromstring(text, parser=lxml.html.HTMLParser(encoding=None, huge_tree=True))
    except ParserError:
        return Builder().build()  # nothing but comments and white space
    _remove_hidden(root)
    writer = _Writer()
    writer.walk(root, 0)
    writer.end("paragraph")
    title = root.find(".//title")
    return writer.builder.build("" if title is None else title.text_content())


def _decode(content: bytes) -> str:
    """By the charset that the page declares, when it holds; else as any text."""
    declared = _CHARSET.search(content[:4096])
    if declared and not content.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        try:
            return content.decode(declared[1].decode("ascii"))
        except (LookupError, UnicodeDecodeError):
            return decode(content)
    return decode(content)


def _remove_hidden(root: HtmlElement) -> None:
    """Take out what the page hides by itself; what a reader can unfold or find stays."""
    for element in [each for each in root.iter() if isinstance(each.tag, str) and _is_hidden(each)]:
        if element.getparent() is not None:
            element.drop_tree()


def _is_hidden(element: HtmlElement) -> bool:
    if element.get("hidden", "until-found").lower() != "until-found":
        return True
    return bool(_HIDDEN.search(element.get("style", "")))


class _Writer:
    """Text is gathered until a block ends it."""

    def __init__(self) -> None:
        self.builder = Builder()
        self._text: list[str] = []

    def walk(self, element: HtmlElement, depth: int) -> None:
        """The blocks below an element, in order."""
        self._text.append(_one_line(element.text))
        for child in element:
            self._child(child, depth + 1)
            self._text.append(_one_line(child.tail))

    def end(self, kind: BlockKind, level: int | None = None) -> None:
        """Close the block that runs."""
        text = _tidy("".join(self._text))
        self._text = []
        self.builder.add(kind, " ".join(text.split()) if kind == "heading" else text, level=level)

    def _child(self, child: HtmlElement, depth: int) -> None:
        tag = child.tag
        if _is_silent(child):
            return
        if depth > _DEEPEST:
            self._text.append(child.text_content())
        elif tag == "br":
            self._text.append("\n")
        elif tag == "img":
            self._text.append(_alternative(child))
        elif _INLINE.fullmatch(tag) and not _holds_blocks(child):
            self.walk(child, depth)
        else:
            self.end("paragraph")
            self._block(child, depth)

    def _block(self, element: HtmlElement, depth: int) -> None:
        if _HEADING.fullmatch(element.tag):
            self.walk(element, depth)
            self.end("heading", int(element.tag[1]))
        elif element.tag == "pre":
            for line_end in element.iter("br"):
                line_end.tail = "\n" + (line_end.tail or "")
            self.builder.add("code", element.text_content().strip("\n"))
        elif element.tag in _LISTS:
            self._list(element)
        elif element.tag == "table" and not _is_layout(element):
            self._table(element, depth)
        else:
            self.walk(element, depth)
            self.end("paragraph")

    def _table(self, table: HtmlElement, depth: int) -> None:
        for caption in table.iterchildren("caption"):
            self._block(caption, depth + 1)
        rows = [
            [" ".join(_words(cell).split()) for cell in row if cell.tag in ("td", "th")]
            for row in table.iter("tr")
        ]
        self.builder.add_table([row for row in rows if any(row)])

    def _list(self, element: HtmlElement) -> None:
        """Items become lines of one block; code and tables inside are blocks of their own, after the list."""
        self.builder.add("list", "\n".join(_items(element, 0)))
        for inner in element.iter(*_APART):
            if not any(above.tag in _APART for above in _above(inner, element)):
                self._block(inner, 0)


def _items(element: HtmlElement, depth: int) -> list[str]:
    lines: list[str] = []
    for number, item in enumerate((each for each in element if _is_item(each)), start=1):
        if item.tag in _LISTS:
            lines += _items(item, depth + 1)
            continue
        mark = f"{number}. " if element.tag == "ol" else "- "
        own = _tidy(_words(item, without=(*_LISTS, *_APART))).split("\n")
        lines += [f"{'  ' * depth}{mark if at == 0 else '  '}{line}" for at, line in enumerate(own) if line]
        for inner in item.iter(*_LISTS):
            if depth < _DEEPEST and not any(above.tag in _LISTS for above in _above(inner, item)):
                lines += _items(inner, depth + 1)
    return lines


def _is_item(element: HtmlElement) -> bool:
    return isinstance(element.tag, str) and not _is_silent(element)


def _above(element: HtmlElement, top: HtmlElement) -> list[HtmlElement]:
    """The elements between one and another that holds it."""
    found = []
    for each in element.iterancestors():
        if each is top:
            break
        found.append(each)
    return found


def _words(element: HtmlElement, without: tuple[str, ...] = (), depth: int = 0) -> str:
    """All text below an element; a line end where a block ends."""
    parts = [_one_line(element.text)]
    for child in element:
        if not _is_silent(child) and child.tag not in without and depth < _DEEPEST:
            inner = "\n" if child.tag == "br" else _alternative(child) or _words(child, without, depth + 1)
            parts.append(inner if _INLINE.fullmatch(child.tag) else f"\n{inner}\n")
        parts.append(_one_line(child.tail))
    return "".join(parts)


def _is_silent(element: HtmlElement) -> bool:
    """Comments and scripts."""
    return not isinstance(element.tag, str) or element.tag in _SILENT


def _alternative(element: HtmlElement) -> str:
    """What an image is said to show, when that is more than a word."""
    words = element.get("alt", "").split() if element.tag == "img" else []
    return f" {' '.join(words)} " if len(words) > 1 else ""


def _holds_blocks(element: HtmlElement) -> bool:
    inside = (each for each in element.iterdescendants() if isinstance(each.tag, str))
    return any(not _INLINE.fullmatch(each.tag) and each.tag not in _SILENT for each in inside)


def _is_layout(table: HtmlElement) -> bool:
    """Tables that only place things: with tables or headings inside, or of one cell."""
    if next(table.iterdescendants("table", "h1", "h2", "h3"), None) is not None:
        return True
    return sum(1 for _ in table.iter("td", "th")) < 2


def _one_line(text: str | None) -> str:
    """Line ends of the source are spaces; those of the text come from tags."""
    return text.replace("\r", " ").replace("\n", " ") if text else ""


def _tidy(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def inline_tag(tag: str) -> str:
    """What an inline tag leaves in the text: `<br>` a line end, HTML nothing; `<your-index>` is text."""
    match = _TAG.fullmatch(tag)
    if match is None:
        return "" if tag.startswith("<!--") else tag
    name = match[1].lower()
    return ("\n" if name == "br" else "") if _INLINE_TAGS.fullmatch(name) else tag


def pieces(html: str) -> list[str | Rows]:
    """Text and tables in their order; a nested table is part of the cell that holds it."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.end_text()
    return reader.pieces


def table_rows(html: str) -> Rows:
    """The rows of the first table; none when there is no table."""
    return next((piece for piece in pieces(html) if not isinstance(piece, str)), [])


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str | Rows] = []
        self._text: list[str] = []
        self._rows: Rows = []
        self._depth = self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT_TAGS:
            self._silent += 1
        elif tag == "table":
            self._open_table()
        elif self._depth == 1 and tag == "tr":
            self._end_cell()
            self._rows.append([])
        elif self._depth == 1 and tag in ("td", "th"):
            self._end_cell()
            self._start_cell()
        elif _BREAK.fullmatch(tag):
            self._text.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT_TAGS:
            self._silent = max(0, self._silent - 1)
        elif tag == "table" and self._depth:
            self._close_table()
        elif self._depth == 1 and tag in ("td", "th", "tr"):
            self._end_cell()
        elif _BREAK.fullmatch(tag):
            self._text.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._text.append(data)

    def end_text(self) -> None:
        """Close the text that runs, and with it a table that never ended."""
        if self._depth:
            self._depth = 1
            self._close_table()
        elif text := _tidy_text("".join(self._text)):
            self.pieces.append(text)
        self._text = []

    def _open_table(self) -> None:
        if self._depth == 0:
            self.end_text()
            self._rows = []
        self._depth += 1

    def _close_table(self) -> None:
        if self._depth == 1:
            self._end_cell()
            if rows := [row for row in self._rows if any(row)]:
                self.pieces.append(rows)
        self._depth -= 1

    def _start_cell(self) -> None:
        if not self._rows:
            self._rows.append([])
        self._rows[-1].append("")

    def _end_cell(self) -> None:
        text, self._text = " ".join("".join(self._text).split()), []
        if text and self._rows and self._rows[-1]:
            self._rows[-1][-1] = f"{self._rows[-1][-1]} {text}".strip()
        elif text:
            self._start_cell()
            self._rows[-1][-1] = text


def _tidy_text(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)
