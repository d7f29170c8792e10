"""The parts of a MIME message by the email library: which are its body, which are attached to it."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage, Message
from email.policy import default

from ingest.parse.builder import Builder
from ingest.parse.decode import decode, decoded
from ingest.parse.failures import unread_of
from ingest.parse.html import of_content
from ingest.parse.icalendar import add_calendar
from ingest.parse.plain import add_text

ENCRYPTED = ("multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")
_ALTERNATIVES = ("text/plain", "text/html", "text/enriched", "text/richtext", "text/watch-html")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that stands for itself: bytes, or a message in the message. `named`: by its sender."""

    name: str
    content: bytes | EmailMessage
    media_type: str = ""
    named: bool = True


@dataclass(slots=True)
class Parts:
    """The text of a message's own parts, what is attached, and what cannot be read (`part: code`)."""

    body: Builder = field(default_factory=Builder)
    attached: list[Attachment] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    calendars: list[list[bytes]] = field(default_factory=list)


def read_parts(message: EmailMessage) -> Parts:
    """Every part of a message, in order; of the alternatives of one text the richest that holds any."""
    parts = Parts()
    _walk(message, parts)
    return parts


def header(message: Message, name: str) -> str:
    """A header's values as one line; letters that are not encoded, as they ought to be, are read as well."""
    values = [value for key, value in message.raw_items() if key.lower() == name.lower()]
    return ", ".join(filter(None, (_header_text(name, str(value)) for value in values)))


def _header_text(name: str, value: str) -> str:
    raw = value.encode("utf-8", "surrogateescape")
    text = decode(raw) if not raw.isascii() else value
    with suppress(Exception):  # the library raises what it likes on headers that break its grammar
        text = str(default.header_factory(name, "".join(text.splitlines())))
    return " ".join(text.split())


def _walk(part: EmailMessage, parts: Parts) -> None:
    kind = part.get_content_type()
    if kind in ENCRYPTED:
        parts.unread.append(f"{_name(part, parts)[0]}: password_protected")
    elif kind == "multipart/alternative" and part.is_multipart():
        _choose(part, parts)
    elif part.get_content_maintype() == "multipart":
        for inner in _inner(part):
            _walk(inner, parts)
        add_text(parts.body, part.epilogue or "")
        if not part.is_multipart():  # the message says that it has parts, and has none
            add_text(parts.body, _text(part, parts))
    elif part.is_multipart():
        _enclosed(part, parts)
    elif part.get_content_disposition() == "attachment" or part.get_filename() or not _is_body(kind):
        _attach(part, parts)
    else:
        _add_body(part, kind, parts)


def _inner(part: EmailMessage) -> list[EmailMessage]:
    payload = part.get_payload()
    return [each for each in payload if isinstance(each, EmailMessage)] if isinstance(payload, list) else []


def _choose(part: EmailMessage, parts: Parts) -> None:
    """The last alternative is the richest; what is no version of the text (an invitation) is read besides."""
    versions = [each for each in _inner(part) if _is_version(each)]
    length = parts.body.length
    for version in sorted(reversed(versions), key=_is_plain):  # noqa: C414  # the order of equals matters
        _walk(version, parts)
        if parts.body.length > length:
            break
    for other in _inner(part):
        if not _is_version(other):
            _walk(other, parts)


def _is_version(part: EmailMessage) -> bool:
    return part.get_content_maintype() == "multipart" or part.get_content_type() in _ALTERNATIVES


def _is_plain(part: EmailMessage) -> bool:
    return not any(each.get_content_type() == "text/html" for each in part.walk())


def _is_body(kind: str) -> bool:
    return kind in ("text/plain", "text/html", "text/calendar")


def _enclosed(part: EmailMessage, parts: Parts) -> None:
    """A message in the message; reports about delivery hold the fields of messages alone."""
    inner = _inner(part)
    if part.get_content_type() in ("message/rfc822", "message/global") and inner:
        name, named = _name(part, parts)
        subject = header(inner[0], "Subject")
        parts.attached.append(
            Attachment(name if named else subject or "Forwarded message", inner[0], "", named)
        )
        return
    fields = (f"{name}: {header(each, name)}" for each in inner for name in dict.fromkeys(each.keys()))
    parts.body.add("list", "\n".join(fields))


def _attach(part: EmailMessage, parts: Parts) -> None:
    name, named = _name(part, parts)
    content = _bytes(part)
    if _lines(content) not in parts.calendars:  # an invitation comes as a part of the text and as a file too
        parts.attached.append(Attachment(name, content, part.get_content_type(), named))


def _name(part: EmailMessage, parts: Parts) -> tuple[str, bool]:
    """The name that the sender gave; else a number with the ending of what the part says that it is."""
    if name := " ".join((part.get_filename() or "").split()):
        return name, True
    suffix = mimetypes.guess_extension(part.get_content_type()) or ""
    return f"part {len(parts.attached) + len(parts.unread) + 1}{suffix}", False


def _add_body(part: EmailMessage, kind: str, parts: Parts) -> None:
    content, charset = _bytes(part), part.get_content_charset()
    if kind == "text/html":
        page = of_content(content, charset)
        parts.body.extend(page)
        parts.unread += unread_of(page, "HTML")
        return
    text = _text(part, parts)
    if kind == "text/calendar":
        parts.calendars.append(_lines(content))
        add_calendar(parts.body, text)
    elif part.get_param("format", "") == "flowed":
        add_text(parts.body, "\n".join(_flowed(text, part.get_param("delsp", "") == "yes")))
    else:
        add_text(parts.body, text)


def _text(part: EmailMessage, parts: Parts) -> str:
    found = decoded(_bytes(part), part.get_content_charset())
    parts.unread += found.doubts
    return found.text


def _bytes(part: EmailMessage) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _lines(content: bytes) -> list[bytes]:
    return content.strip().splitlines()


def _flowed(text: str, delete_space: bool) -> Iterator[str]:
    """Lines that end with a space go on in the next one (RFC 3676)."""
    paragraph = ""
    for line in text.split("\n"):
        line = line.removeprefix(" ")
        if line.endswith(" ") and line != "-- ":
            paragraph += line[:-1] if delete_space else line
            continue
        yield paragraph + line
        paragraph = ""
    if paragraph:
        yield paragraph
