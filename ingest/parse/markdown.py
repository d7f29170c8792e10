"""Markdown by markdown-it: markup goes, structure stays, code stays as it is.

unstructured goes by way of HTML instead; docs/log.md (2026-11-21) has what that cost in text and in time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ingest.parse.builder import Builder
from ingest.parse.decode import decode
from ingest.parse.html import inline_tag, pieces
from ingest.parse.limits import Context
from ingest.types import ParsedDocument
from rag.types import Scalar

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
# What speaks to a site generator alone (Jekyll's Liquid and kramdown): `{% raw %}`, `{: .note}`, `{:toc}`.
_TEMPLATE = re.compile(r"\{%.*?%\}|\{::?[^}\n]*\}", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def parse(content: bytes, source: str, context: Context) -> ParsedDocument:
    """Headings with their level, paragraphs, lists, tables and code; front matter becomes metadata."""
    front, body = _split_front_matter(decode(content))
    builder = Builder()
    tokens = MarkdownIt("commonmark").enable("table").parse(body)
    for first, last in _blocks(tokens):
        _add(builder, tokens[first : last + 1])
    title = front.pop("title", "")
    return builder.build(str(title), front)


def _split_front_matter(text: str) -> tuple[dict[str, Scalar | list[str]], str]:
    match = _FRONT_MATTER.match(text)
    if not match:
        return {}, text
    try:
        values = yaml.safe_load(match[1])
    except yaml.YAMLError:
        return {}, text
    if not isinstance(values, dict):
        return {}, text
    pairs = ((str(key), _scalar(value)) for key, value in values.items())
    return {key: value for key, value in pairs if value is not None}, text[match.end() :]


def _scalar(value: object) -> Scalar | list[str] | None:
    if isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return [str(part) for part in value if isinstance(part, str | int | float)]
    return None


def _blocks(tokens: list[Token]) -> Iterator[tuple[int, int]]:
    """First and last index of each top-level block."""
    depth = first = 0
    for index, token in enumerate(tokens):
        if depth == 0:
            first = index
        depth += token.nesting
        if depth == 0:
            yield first, index


def _add(builder: Builder, tokens: list[Token]) -> None:
    head = tokens[0]
    if head.type == "heading_open":
        builder.add("heading", _inline(tokens[1]), level=int(head.tag[1]))
    elif head.type == "table_open":
        builder.add_table(list(_rows(tokens)))
    elif head.type in ("fence", "code_block"):
        builder.add("code", head.content)
    elif head.type == "html_block":
        _add_html(builder, head.content)
    elif head.type in ("bullet_list_open", "ordered_list_open"):
        _add_list(builder, tokens)
    elif head.type == "blockquote_open":
        for first, last in _blocks(tokens[1:-1]):
            _add(builder, tokens[1:-1][first : last + 1])
    else:
        builder.add("paragraph", "\n".join(_inline(t) for t in tokens if t.type == "inline"))


def _add_html(builder: Builder, html: str) -> None:
    for piece in pieces(_COMMENT.sub("", html)):
        if isinstance(piece, str):
            builder.add("paragraph", _TEMPLATE.sub("", piece))
        else:
            builder.add_table(piece)


def _add_list(builder: Builder, tokens: list[Token]) -> None:
    """Items become lines of one block; code and tables inside a list are blocks of their own."""
    lines: list[str] = []
    for line in _list_lines(tokens):
        if isinstance(line, str):
            lines.append(line)
        else:
            builder.add("list", "\n".join(lines))
            _add(builder, line)
            lines = []
    builder.add("list", "\n".join(lines))


def _list_lines(tokens: list[Token]) -> Iterator[str | list[Token]]:
    depth, mark, index = 0, "", 0
    while index < len(tokens):
        token = tokens[index]
        if token.type in ("bullet_list_open", "ordered_list_open", "bullet_list_close", "ordered_list_close"):
            depth += token.nesting
        elif token.type == "list_item_open":
            mark = f"{token.info}{token.markup} " if token.info else "- "
        elif token.type == "inline" and (text := _inline(token)):
            yield "  " * (depth - 1) + mark + text
            mark = "  " if mark else ""
        elif token.type in ("fence", "code_block", "html_block"):
            yield [token]
        elif token.type == "table_open":
            end = next(i for i in range(index, len(tokens)) if tokens[i].type == "table_close")
            yield tokens[index : end + 1]
            index = end
        index += 1


def _rows(tokens: list[Token]) -> Iterator[list[str]]:
    row: list[str] = []
    for token in tokens:
        if token.type == "inline":
            row.append(_inline(token))
        elif token.type == "tr_close":
            yield row
            row = []


def _inline(token: Token) -> str:
    """The text of inline tokens; a template tag may run over several lines of it, code is left alone."""
    done, text = "", ""
    for child in token.children or ():
        if child.type == "code_inline":
            done, text = done + _TEMPLATE.sub("", text) + child.content, ""
        else:
            text += _piece(child)
    return (done + _TEMPLATE.sub("", text)).strip()


def _piece(token: Token) -> str:
    if token.type in ("text", "image"):
        return token.content
    if token.type in ("softbreak", "hardbreak"):
        return " " if token.type == "softbreak" else "\n"
    return inline_tag(token.content) if token.type == "html_inline" else ""
