"""reStructuredText, Org and AsciiDoc by way of Markdown: by pandoc where it is installed, else line by line.

pandoc knows the whole languages (but for AsciiDoc); the rules here know headings, code, lists and tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from ingest.parse.decode import decode
from ingest.parse.limits import Context
from ingest.parse.markdown import parse as parse_markdown
from ingest.parse.programs import pandoc
from ingest.types import ParsedDocument

_RULER = re.compile(r"([=\-`:'\"~^_*+#<>.])\1{2,}\s*$")
_RST_CODE = re.compile(r"\.\. (?:code|code-block|sourcecode|highlight)::\s*(\S*)")
_RST_SILENT = re.compile(r"\.\. (?!\[|_)|\s*:[\w-]+:(?=\s|$)")
_RST_ROLE = re.compile(r":[\w:+-]+:`([^`<]*?)(?:\s*<[^`]*>)?`")
_RST_LINK = re.compile(r"`([^`<]+?)\s*<([^`>]*)>`__?")
_ORG_HEADING = re.compile(r"(\*{1,6}) +(?:(?:TODO|DONE) +)?(.*?)(?:\s+:[\w@:]+:)?\s*$")
_ORG_BEGIN = re.compile(r"\s*#\+begin_(src|example)\s*(\S*)", re.IGNORECASE)
_ORG_END = re.compile(r"\s*#\+end_(?:src|example)", re.IGNORECASE)
_ORG_TITLE = re.compile(r"#\+title:\s*(.*)", re.IGNORECASE)
_ADOC_HEADING = re.compile(r"(={1,6}) +(.+)")
_ADOC_SILENT = re.compile(r":[\w!-]+:|\[.*\]\s*$|//|ifdef::|endif::|ifndef::|include::")
_ADOC_CELLS = re.compile(r"(?:^|\s)(?:\d+\+)?(?:[.<^>\d]*[<^>][.<^>\d]*)?[adehlmsv]?\|(?!=)")
_ADOC_IMAGE = re.compile(r"image::?[^\[\s]+\[([^\]]*)\]")
_ADOC_ITEM = re.compile(r"([*.-]{1,5}) +(?=\S)")
_ADOC_FENCES = ("----", "....", "++++")


def parse_rst(content: bytes, source: str, context: Context) -> ParsedDocument:
    """reStructuredText: headings by their rulers, code blocks, lists."""
    return _parse(content, source, context, "rst", _from_rst)


def parse_org(content: bytes, source: str, context: Context) -> ParsedDocument:
    """Org: headings by their stars, source blocks, lists, tables."""
    return _parse(content, source, context, "org", _from_org)


def parse_asciidoc(content: bytes, source: str, context: Context) -> ParsedDocument:
    """AsciiDoc: headings, listings, lists, tables."""
    text = "\n".join(_from_asciidoc(decode(content).split("\n")))
    return parse_markdown(text.encode("utf-8", "replace"), source, context)


def _parse(
    content: bytes,
    source: str,
    context: Context,
    language: str,
    rules: Callable[[Sequence[str]], Iterator[str]],
) -> ParsedDocument:
    text = decode(content)
    markdown = pandoc(text, language, context) or "\n".join(rules(text.split("\n")))
    return parse_markdown(markdown.encode("utf-8", "replace"), source, context)


def _from_rst(lines: Sequence[str]) -> Iterator[str]:
    """Rulers rank headings in the order in which they first come."""
    ranks: list[str] = []
    code = False
    for index, line in enumerate(lines):
        following = lines[index + 1] if index + 1 < len(lines) else ""
        if code and (line.startswith((" ", "\t")) or not line.strip()):
            yield line
            continue
        code = False
        if _RST_CODE.match(line):
            code = True
            yield ""
        elif _RULER.match(line):
            yield ""
        elif line.strip() and _RULER.match(following) and len(following.rstrip()) >= len(line.rstrip()):
            mark = following[0]
            ranks += [mark] * (mark not in ranks)
            yield f"{'#' * min(ranks.index(mark) + 1, 6)} {line.strip()}"
        elif not _RST_SILENT.match(line):
            code = line.rstrip().endswith("::")
            line = _RST_LINK.sub(r"\1", _RST_ROLE.sub(r"`\1`", line))
            yield line.rstrip()[:-1] if code else line


def _from_org(lines: Sequence[str]) -> Iterator[str]:
    code = False
    for line in lines:
        if code or _ORG_BEGIN.match(line):
            end = bool(_ORG_END.match(line))
            yield "```" if end or not code else line
            code = not end
        elif match := _ORG_HEADING.match(line):
            yield f"{'#' * len(match[1])} {match[2]}"
        elif match := _ORG_TITLE.match(line):
            yield f"# {match[1]}"
        elif not line.startswith("#+"):
            rule = line.lstrip().startswith("|-")
            yield line.replace("+", "|") if rule else line


def _from_asciidoc(lines: Sequence[str]) -> Iterator[str]:
    """Line by line; the cells of a table are collected until it ends."""
    fence, cells, table = "", list[list[str]](), False
    for line in lines:
        mark = line.strip()
        if fence:
            yield "```" if mark == fence else line
            fence = "" if mark == fence else fence
        elif mark in _ADOC_FENCES:
            fence = mark
            yield "```"
        elif mark.startswith("|==="):
            if table:
                yield from _markdown_table(cells)
            table, cells = not table, []
        elif table:
            row = [cell.strip() for cell in _ADOC_CELLS.split(line)]
            cells += [row[1:]] if len(row) > 1 else []
        else:
            yield from _asciidoc_line(line)


def _asciidoc_line(line: str) -> Iterator[str]:
    if match := _ADOC_HEADING.match(line):
        yield f"{'#' * len(match[1])} {match[2]}"
    elif match := _ADOC_ITEM.match(line):
        mark = "1." if match[1][0] == "." else "-"
        yield f"{'   ' * (len(match[1]) - 1)}{mark} {line[match.end() :]}"
    elif line.strip() == "+":
        yield ""
    elif line.startswith(".") and not line.startswith(".."):
        yield f"\n{line[1:]}\n"  # the caption of what follows
    elif not _ADOC_SILENT.match(line):
        yield _ADOC_IMAGE.sub(r"\1", line)


def _markdown_table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A row is what stands on a line; where cells have lines of their own, the first row sets the width."""
    width = max(map(len, rows), default=0)
    if not width:
        return
    if any(len(row) == 1 for row in rows[1:]) and len(rows[0]) > 1:
        flat = [cell for row in rows for cell in row]
        width = len(rows[0])
        rows = [flat[at : at + width] for at in range(0, len(flat), width)]
    yield ""
    for index, row in enumerate(rows):
        cells = [cell.replace("|", "\\|") for cell in [*row, *[""] * (width - len(row))]]
        yield f"| {' | '.join(cells)} |"
        if index == 0:
            yield "|" + "---|" * width
    yield ""
