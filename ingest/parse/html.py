"""HTML by lxml: markup goes, structure stays, and no text is dropped that a browser shows.

unstructured leaves out captions, `<details>` and struck text; docs/log.md (2026-11-21) has the figures.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import lxml.html
from lxml.etree import ParserError
from lxml.html import HtmlElement

from ingest.parse.builder import Builder
from ingest.parse.decode import decoded
from ingest.parse.limits import Context
from ingest.parse.mathml import as_text
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
        "select",
        "textarea",
    )
)
# Every other element is part of its line, also one that no standard knows: so browsers do.
_BLOCK_TAGS = """
address article aside blockquote body caption center col colgroup dd details dialog dir div dl dt
fieldset figcaption figure footer form frameset h1 h2 h3 h4 h5 h6 header hgroup hr html legend li listing
main menu nav noframes ol optgroup option p plaintext pre search section summary table tbody td tfoot th
thead tr ul xmp
"""
_BLOCKS = frozenset(_BLOCK_TAGS.split())
_REPLACED = ("img", "math", "svg")
_LISTS = ("ul", "ol", "menu", "dir")
_APART = ("pre", "table")
_DEEPEST = 200
_WIDEST_SPAN, _LONGEST_SPAN = 1000, 65534  # as browsers bound them
_DIGITS = re.compile(r"[-+−]?\d{1,4}")
_SUPERSCRIPTS = str.maketrans("0123456789+-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻")
_ROMAN = (
    (1000, "m"),
    (900, "cm"),
    (500, "d"),
    (400, "cd"),
    (100, "c"),
    (90, "xc"),
    (50, "l"),
    (40, "xl"),
    (10, "x"),
    (9, "ix"),
    (5, "v"),
    (4, "iv"),
    (1, "i"),
)

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
    return of_content(content)


def of_content(content: bytes, charset: str | None = None) -> ParsedDocument:
    """As `parse`; `charset` is what a message says of its page, else the page's own declaration counts."""
    declared = _CHARSET.search(content[:4096])
    found = decoded(content, charset or (declared[1].decode("ascii") if declared else None))
    text = _DECLARATION.sub("", found.text).replace("\0", "")
    try:
        root = lxml.html.document_fromstring(text, parser=lxml.html.HTMLParser(encoding=None, huge_tree=True))
    except ParserError:
        return Builder().build()  # nothing but comments and white space
    _remove_hidden(root)
    writer = _Writer()
    writer.walk(root, 0)
    writer.end("paragraph")
    title = root.find(".//head/title")
    return writer.builder.build("" if title is None else title.text_content(), found.doubt())


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
        elif tag in _REPLACED:
            self._text.append(_replaced(child))
        elif tag == "sup" and (exponent := _exponent(child)):
            self._text.append(exponent)
        elif tag not in _BLOCKS and not _holds_blocks(child):
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
        self.builder.add("paragraph", _tidy(_stray(table)))
        self.builder.add_table([row for row in table_of(table) if any(row)])

    def _list(self, element: HtmlElement) -> None:
        """Items become lines of one block, which code and tables inside interrupt."""
        lines: list[str] = []
        for each in list_lines(element, 0):
            if isinstance(each, str):
                lines.append(each)
                continue
            self.builder.add("list", "\n".join(lines))
            lines = []
            self._block(each, 0)
        self.builder.add("list", "\n".join(lines))


def list_lines(element: HtmlElement, depth: int) -> Iterator[str | HtmlElement]:
    """The items of a list with their marks, nested ones set in; code and tables within them as elements."""
    indent = "  " * depth
    yield from (f"{indent}{line}" for line in _tidy(_one_line(element.text)).split("\n") if line)
    for item, mark in zip(_children(element), _marks(element), strict=False):
        if item.tag in _LISTS:
            yield from list_lines(item, depth + 1)
        else:
            yield from _item(item, mark, depth)
        yield from (f"{indent}{line}" for line in _tidy(_one_line(item.tail)).split("\n") if line)


def _item(item: HtmlElement, mark: str, depth: int) -> Iterator[str | HtmlElement]:
    """An item's own lines before, between and behind the lists, code and tables that it holds."""
    indent, first = "  " * depth, mark
    for part in _split(item):
        if isinstance(part, str):
            for line in _tidy(part).split("\n"):
                if line:
                    yield f"{indent}{first}{line}"
                    first = "  "
        elif part.tag in _LISTS and depth < _DEEPEST:
            yield from list_lines(part, depth + 1)
        elif part.tag not in _LISTS:
            yield part


def _split(element: HtmlElement) -> Iterator[str | HtmlElement]:
    """The text of an element, and the lists, code and tables in it, however deep, in their order."""
    text = _one_line(element.text)
    for child in element:
        if not _is_silent(child):
            if child.tag in _APART or child.tag in _LISTS:
                yield text
                yield child
                text = ""
            elif next(child.iter(*_APART, *_LISTS), None) is not None:
                yield text
                yield from _split(child)
                text = ""
            else:
                text += _shown(child, 0)
        text += _one_line(child.tail)
    yield text


def _children(element: HtmlElement) -> list[HtmlElement]:
    return [each for each in element if not _is_silent(each)]


def _marks(element: HtmlElement) -> Iterator[str]:
    """The mark of each child of a list, by its `start`, `reversed` and `type`, and `value` of the items."""
    items = [each for each in _children(element) if each.tag not in _LISTS]
    reverse = "reversed" in element.attrib
    number = _integer(element.get("start"), len(items) if reverse else 1)
    for child in _children(element):
        if element.tag != "ol" or child.tag in _LISTS:
            yield "- "
            continue
        number = _integer(child.get("value"), number)
        yield f"{_numeral(number, child.get('type') or element.get('type') or '1')}. "
        number += -1 if reverse else 1


def _integer(value: str | None, default: int) -> int:
    return int(value) if value and re.fullmatch(r"\s*[+-]?\d{1,9}\s*", value) else default


def _numeral(number: int, kind: str) -> str:
    if number > 0 and kind in ("a", "A"):
        letters = ""
        while number:
            number, digit = divmod(number - 1, 26)
            letters = chr(ord("a") + digit) + letters
        return letters if kind == "a" else letters.upper()
    if 0 < number < 4000 and kind in ("i", "I"):
        roman = ""
        for value, letters in _ROMAN:
            roman += letters * (number // value)
            number %= value
        return roman if kind == "i" else roman.upper()
    return str(number)


def table_of(table: HtmlElement) -> Rows:
    """The rows of a table; a cell that spans several stands in its first place, the others are empty."""
    rows: Rows = []
    reaching: dict[int, int] = {}  # columns that cells above reach into, and into how many rows from here
    for tr in table.iter("tr"):
        if _is_silent(tr):
            continue
        row, below = list[str](), {column: left - 1 for column, left in reaching.items() if left > 1}
        for cell in (each for each in tr if each.tag in ("td", "th") and not _is_silent(each)):
            while len(row) in reaching:
                row.append("")
            wide = max(1, min(_integer(cell.get("colspan"), 1), _WIDEST_SPAN))
            high = _integer(cell.get("rowspan"), 1) or _LONGEST_SPAN
            if high > 1:
                below |= dict.fromkeys(range(len(row), len(row) + wide), high - 1)
            row += [" ".join(_words(cell).split()), *[""] * (wide - 1)]
        rows.append(row)
        reaching = below
    return rows


def _stray(table: HtmlElement) -> str:
    """Text in a table that stands in no cell: browsers show it above."""
    texts = [
        f"{each.text or ''} {' '.join(child.tail or '' for child in each)}"
        for each in table.iter("table", "thead", "tbody", "tfoot", "tr")
    ]
    return _one_line(" ".join(texts))


def _words(element: HtmlElement, depth: int = 0) -> str:
    """All text below an element; a line end where a block ends."""
    parts = [_one_line(element.text)]
    marks = _marks(element) if element.tag in _LISTS else None
    for child in element:
        if not _is_silent(child):
            mark = next(marks, "") if marks is not None and element.tag == "ol" else ""
            parts.append(_shown(child, depth, mark))
        parts.append(_one_line(child.tail))
    return "".join(parts)


def _shown(child: HtmlElement, depth: int, mark: str = "") -> str:
    """An element within a line or cell; one that is a block stands on lines of its own."""
    if child.tag == "br":
        return "\n"
    if child.tag in _REPLACED:
        return _replaced(child)
    if child.tag == "sup" and (exponent := _exponent(child)):
        return exponent
    inner = child.text_content() if depth > _DEEPEST else _words(child, depth + 1)
    return f"\n{mark}{inner}\n" if child.tag in _BLOCKS else inner


def _is_silent(element: HtmlElement) -> bool:
    """Comments and scripts."""
    return not isinstance(element.tag, str) or element.tag in _SILENT


def _replaced(element: HtmlElement) -> str:
    """What stands for an element that shows no text of its own kind: an image's description, a formula."""
    if element.tag == "math":
        return f" {as_text(element)} " if "display" in element.attrib else as_text(element)
    if element.tag == "svg":
        return " ".join(["", *(text.text_content() for text in element.iter("text")), ""])
    words = element.get("alt", "").split()
    return f" {' '.join(words)} " if len(words) > 1 else ""


def _exponent(element: HtmlElement) -> str:
    """An exponent behind a number in raised digits, as else it would be read as part of it; else nothing."""
    above, parent = element.getprevious(), element.getparent()
    before = (parent.text if above is None and parent is not None else above.tail) or ""
    digits = element.text_content().strip()
    return digits.translate(_SUPERSCRIPTS) if before[-1:].isdigit() and _DIGITS.fullmatch(digits) else ""


def _holds_blocks(element: HtmlElement) -> bool:
    return next(element.iterdescendants(*_BLOCKS), None) is not None


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
