"""Calendars (iCalendar, RFC 5545): what an invitation says, without what only programs need."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.parse.builder import Builder
from ingest.parse.decode import decoded
from ingest.parse.limits import Context
from ingest.types import ParsedDocument

_NAMES = {
    "METHOD": "Method",
    "STATUS": "Status",
    "DTSTART": "Start",
    "DTEND": "End",
    "DUE": "Due",
    "DURATION": "Duration",
    "RRULE": "Repeats",
    "RDATE": "Also on",
    "EXDATE": "Not on",
    "LOCATION": "Location",
    "ORGANIZER": "Organizer",
    "ATTENDEE": "Attendee",
    "CONTACT": "Contact",
    "CATEGORIES": "Categories",
    "COMMENT": "Comment",
    "URL": "URL",
    "DESCRIPTION": "Description",
}
_ENTRIES = ("VEVENT", "VTODO", "VJOURNAL")
_TEXTS = ("SUMMARY", "LOCATION", "DESCRIPTION", "COMMENT", "CATEGORIES", "CONTACT")
_ESCAPE = re.compile(r"\\([nN,;\\])")
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?")
_LINE = re.compile(
    r'([A-Za-z0-9-]+)((?:;[A-Za-z0-9-]+=(?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*)*):(.*)', re.DOTALL
)
_PARAMETER = re.compile(r';([A-Za-z0-9-]+)=("[^"]*"|[^;]*)')


@dataclass(frozen=True, slots=True)
class _Property:
    name: str
    parameters: dict[str, str]
    value: str


def parse(content: bytes, source: str, context: Context) -> ParsedDocument:
    """A section for each event, task or journal entry, headed by its summary; its fields are lines."""
    found = decoded(content)
    builder = Builder()
    add_calendar(builder, found.text)
    return builder.build(metadata=found.doubt())


def add_calendar(builder: Builder, text: str) -> None:
    """Add the blocks of a calendar's text."""
    lines, depth = list[str](), list[str]()
    for each in _properties(text):
        if each.name == "BEGIN":
            depth.append(each.value.upper())
        elif each.name == "END":
            if depth and depth.pop() in _ENTRIES:
                builder.add("list", "\n".join(lines))
                lines = []
        elif each.name == "SUMMARY" and depth[-1:] and depth[-1] in _ENTRIES:
            builder.add("heading", _value(each), level=1)
        elif each.name in _NAMES and (len(depth) < 2 or depth[-1] in _ENTRIES):
            lines.append(f"{_NAMES[each.name]}: {_value(each)}")
    builder.add("list", "\n".join(lines))


def _properties(text: str) -> Iterator[_Property]:
    """The lines of content, those that were folded put together."""
    for line in re.sub(r"\n[ \t]", "", text).split("\n"):
        if match := _LINE.fullmatch(line):
            parameters = {name.upper(): value.strip('"') for name, value in _PARAMETER.findall(match[2])}
            yield _Property(match[1].upper(), parameters, match[3])


def _value(each: _Property) -> str:
    if each.name in _TEXTS:
        return _ESCAPE.sub(lambda match: "\n" if match[1] in "nN" else match[1], each.value)
    if each.name in ("ORGANIZER", "ATTENDEE"):
        address = re.sub(r"(?i)\Amailto:", "", each.value)
        name = each.parameters.get("CN", "")
        return f"{name} <{address}>" if name and name != address else address
    if zone := each.parameters.get("TZID"):
        return f"{_TIME.sub(_time, each.value)} {zone}"
    return _TIME.sub(_time, each.value)


def _time(match: re.Match[str]) -> str:
    """A date or time as people and programs both read it."""
    day = "-".join(match.group(1, 2, 3))
    if not match[4]:
        return day
    clock = match.group(4, 5) if match[6] == "00" else match.group(4, 5, 6)
    return f"{day} {':'.join(clock)}{' UTC' if match[7] else ''}"
