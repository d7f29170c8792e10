"""Plain text: paragraphs, lists and headings where it is prose; lines as they stand where it is not.

Only a paragraph that was plainly wrapped at a width becomes one line. Logs, tables set with spaces,
addresses, poems and code keep their lines, and every character of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from ingest.parse.builder import Builder
from ingest.parse.decode import decoded
from ingest.parse.limits import Context
from ingest.parse.lines import has_columns, is_wrapped, joined
from ingest.types import ParsedDocument

_CODE_SUFFIXES = """
.py .pyi .sh .bash .zsh .ps1 .bat .cmd .c .h .cc .cpp .hpp .cs .java .kt .go .rs .rb .pl .php .js .mjs
.ts .tsx .jsx .lua .r .jl .m .swift .scala .sql .css .scss .tex .toml .ini .cfg .conf .env .properties
.diff .patch .tf .proto .gradle .cmake .mk .vue .hs .ml .clj .ex .exs .erl .dart .f90 .asm .vb .awk .sed
"""
_CODE = frozenset(_CODE_SUFFIXES.split())
_CODE_NAMES = frozenset(("makefile", "dockerfile", "jenkinsfile", "vagrantfile", "rakefile", "gemfile"))
_ITEM = re.compile(r"\s*(?:[-*+•‣◦▪●–]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])\s+\S")
_LONGEST_HEADING, _MOST_HEADING_WORDS = 100, 12
_STOPS = ".:!?…"
_OPEN_ENDS = ",;:{}[]()|.!?…"
_BLANK = re.compile(r"\n(?:[^\S\n]*\n)+")


def parse(content: bytes, source: str, context: Context) -> ParsedDocument:
    """The blocks of plain text; source code is one block. A doubtful encoding is named in `unread`."""
    found = decoded(content)
    builder = Builder()
    if _is_code(source, found.text):
        builder.add("code", found.text)
    else:
        add_text(builder, found.text)
    return builder.build(metadata=found.doubt())


def add_text(builder: Builder, text: str) -> None:
    """Add the blocks of a plain text. Items with empty lines between them are one list."""
    stanzas = [stanza for stanza in map(_lines, _BLANK.split(text)) if stanza]
    items: list[str] = []
    for stanza, following in zip(stanzas, [*stanzas[1:], []], strict=False):
        above, listed = _divided(stanza)
        if above:
            builder.add("list", "\n".join(items))
            items = []
            if _is_heading(stanza) and following and not _is_heading(following):
                builder.add("heading", stanza[0], level=1)
            else:
                _add_lines(builder, above)
        items += _items(listed)
    builder.add("list", "\n".join(items))


def _is_code(source: str, text: str) -> bool:
    path = PurePosixPath(source.lower())
    return path.suffix in _CODE or path.name in _CODE_NAMES or text.startswith("#!")


def _lines(stanza: str) -> list[str]:
    return [line.rstrip() for line in stanza.split("\n") if line.strip()]


def _is_heading(stanza: Sequence[str]) -> bool:
    """One short line that begins like a heading and ends without a stop; most of it letters."""
    line = stanza[0].strip()
    if len(stanza) > 1 or len(line) > _LONGEST_HEADING or len(line.split()) > _MOST_HEADING_WORDS:
        return False
    if not line[0].isalnum() or line[0].islower() or line[-1] in _OPEN_ENDS or _ITEM.match(line):
        return False
    return sum(map(str.isalpha, line)) > 0.5 * len(line.replace(" ", ""))


def _divided(stanza: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Lines that stand together as prose and, from its first item on, a list."""
    first = next((at for at, line in enumerate(stanza) if _ITEM.match(line)), len(stanza))
    if first < len(stanza) and not _is_list(stanza[first:], stanza[first - 1] if first else ""):
        first = len(stanza)
    return stanza[:first], stanza[first:]


def _is_list(lines: Sequence[str], above: str) -> bool:
    """Whether what begins with an item goes on as a list: with items, or with lines set below one."""
    items = sum(bool(_ITEM.match(line)) for line in lines)
    if items == 1 and above and above[-1] not in _STOPS:
        return False  # the number at the end of a sentence that was wrapped before it
    hanging = [line for line in lines if not _ITEM.match(line)]
    return all(line[0].isspace() for line in hanging) or is_wrapped([line.strip() for line in lines])


def _items(lines: Sequence[str]) -> Iterator[str]:
    """Each item as one line if it was wrapped, its lines as they stand if not."""
    item: list[str] = []
    for line in [*lines, None]:
        if item and (line is None or _ITEM.match(line)):
            indent = item[0][: len(item[0]) - len(item[0].lstrip())]
            bare = [each.strip() for each in item]
            yield from [indent + joined(bare)] if is_wrapped(bare) else item
            item = []
        if line is not None:
            item.append(line)


def _add_lines(builder: Builder, lines: Sequence[str]) -> None:
    bare = [line.strip() for line in lines]
    even = len({len(line) - len(line.lstrip()) for line in lines[1:]}) <= 1
    if not even or has_columns(bare):
        builder.add("code", "\n".join(lines))
    else:
        builder.add("paragraph", joined(bare) if is_wrapped(bare) else "\n".join(bare))
