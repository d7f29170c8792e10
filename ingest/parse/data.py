"""JSON, JSON lines and YAML: every line as it is, but that escapes in strings become what they stand for."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from ingest.parse.builder import Builder
from ingest.parse.decode import Decoded, decoded
from ingest.parse.limits import Context
from ingest.types import ParsedDocument

_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_ESCAPE = re.compile(
    r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"  # beyond the first 65,536: two
    r"|u([0-9a-fA-F]{4})|([\"\\/bfnrt]))"
)
_PLAIN = {'"': '"', "\\": "\\", "/": "/", "b": " ", "f": "\n", "n": "\n", "r": "\r", "t": "\t"}


def parse_json(content: bytes, source: str, context: Context) -> ParsedDocument:
    """One block; numbers, names and their order stay as they were written."""
    found = decoded(content)
    return _verbatim(_STRING.sub(lambda match: _unescaped(match[0]), found.text), found)


def parse_yaml(content: bytes, source: str, context: Context) -> ParsedDocument:
    """One block; what is no YAML stays as it is."""
    found = decoded(content)
    return _verbatim(_yaml_unescaped(found.text), found)


def _verbatim(text: str, found: Decoded) -> ParsedDocument:
    builder = Builder()
    builder.add("code", text)
    return builder.build(metadata=found.doubt())


def _unescaped(string: str) -> str:
    return _ESCAPE.sub(_character, string) if "\\" in string else string


def _character(match: re.Match[str]) -> str:
    if match[1]:
        return bytes.fromhex(match[1] + match[2]).decode("utf-16-be")
    return chr(int(match[3], 16)) if match[3] else _PLAIN[match[4]]


def _yaml_unescaped(text: str) -> str:
    """Quoted scalars with escapes by their value, in their quotes; all else untouched."""
    if "\\" not in text and "''" not in text:
        return text
    parts, end = list[str](), 0
    try:
        for start, stop, value in _quoted(text):
            parts += [text[end:start], value]
            end = stop
    except yaml.YAMLError:
        return text
    return "".join([*parts, text[end:]])


def _quoted(text: str) -> Iterator[tuple[int, int, str]]:
    for token in yaml.scan(text, yaml.CLoader):
        if not isinstance(token, yaml.ScalarToken) or token.style not in ('"', "'"):
            continue
        start, stop = token.start_mark.index, token.end_mark.index
        written = text[start:stop]
        if "\\" in written if token.style == '"' else "''" in written:
            yield start, stop, f"{token.style}{token.value}{token.style}"
