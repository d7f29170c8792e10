"""Small pieces of HTML to text and tables; whole pages go through unstructured (see html.py)."""

from __future__ import annotations

import re
from html.parser import HTMLParser

Rows = list[list[str]]

_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9]*)\b[^>]*>")
_INLINE = re.compile(
    "a|abbr|b|big|br|center|cite|code|del|details|dfn|div|em|font|i|iframe|img|ins|kbd|mark|p|q|s|samp|small|"
    "span|strike|strong|sub|summary|sup|tt|u|var|wbr"
)
_BREAK = re.compile("address|blockquote|br|dd|div|dl|dt|h[1-6]|hr|li|ol|p|pre|summary|table|ul")
_SILENT = frozenset(("script", "style", "template"))


def inline_tag(tag: str) -> str:
    """What an inline tag leaves in the text: `<br>` a line end, HTML nothing; `<your-index>` is text."""
    match = _TAG.fullmatch(tag)
    if match is None:
        return "" if tag.startswith("<!--") else tag
    name = match[1].lower()
    return ("\n" if name == "br" else "") if _INLINE.fullmatch(name) else tag


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
        if tag in _SILENT:
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
        if tag in _SILENT:
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
        elif text := _tidy("".join(self._text)):
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


def _tidy(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)
