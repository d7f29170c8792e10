"""Which kind of text a file of text is: what its first lines say, else what its name says."""

from __future__ import annotations

import codecs
import csv
import json
import re

_HEAD = 8192  # bytes that are looked at
_JSON_MOST = 2**20
_STRAY, _FEW = 0.02, 8  # share and number of control characters in a damaged log
_ENOUGH = 64  # bytes from which on letters outside ASCII may be most of a text
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_CONTROLS = bytes(set(range(32)) - {7, 8, 9, 10, 12, 13, 27})
_HTML = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)
_XML = re.compile(r"\s*<\?xml\s")
_CALENDAR = re.compile(r"\s*BEGIN:VCALENDAR\r?\n")
_MAILBOX = re.compile(r"From \S.*\d{4}[^\n]*\n>?[A-Za-z][A-Za-z-]{1,40}:")
_FIELD = re.compile(r"([A-Za-z][A-Za-z-]{1,40}):[ \t]?\S?")
_MAIL_FIELDS = frozenset(
    (
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "mime-version",
        "received",
        "return-path",
        "cc",
        "reply-to",
    )
)
_TABLES = ("text/csv", "text/tab-separated-values")
_DATA = ("application/json", "application/x-ndjson", "application/yaml", "")


def is_text(content: bytes) -> bool:
    """Whether the content can be words: UTF-16 with its mark, UTF-8, or an old encoding without controls."""
    head = content[:_HEAD]
    if head.startswith(_WIDE) or _is_wide(head):
        return True
    if b"\0" in head:
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return _is_old_text(head)
    return not _has_controls(head)


def is_binary(content: bytes) -> bool:
    """Whether the content cannot be words in any encoding: not a few stray controls, but many."""
    head = content[:_HEAD]
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return not is_text(content) and controls > max(_FEW, _STRAY * len(head))


def text_type(content: bytes, by_name: str) -> str:
    """The media type of text; `by_name` is that of its suffix, "" for one that says nothing about text.

    Only what cannot be mistaken wins over a name: Markdown may begin with a tag or with fields.
    """
    head = _decoded(content[:_HEAD])
    if by_name in ("text/markdown", "text/x-rst", "text/x-org", "text/asciidoc"):
        return by_name
    if _CALENDAR.match(head):
        return "text/calendar"
    if by_name != "message/rfc822" and _MAILBOX.match(head):
        return "application/mbox"
    if by_name != "text/html" and by_name not in ("application/xml", *_DATA[:3]) and _is_mail(head):
        return "message/rfc822"
    if by_name in ("text/html", "message/rfc822"):
        return by_name
    if _HTML.match(head):
        return "text/html"
    if _XML.match(head):
        return "application/xml"
    if by_name in ("", "text/plain") and (found := _data_type(content, head)):
        return found
    return by_name or _table_type(head) or "text/plain"


def _is_wide(head: bytes) -> bool:
    """UTF-16 without a mark: every other byte of Latin text is zero, and no line is without one."""
    for start in (0, 1):
        zeros, others = head[start::2], head[1 - start :: 2]
        if (
            len(head) > 8
            and zeros.count(0) > 0.9 * len(zeros)
            and others.count(0) == 0
            and not _has_controls(others)
        ):
            return True
    return False


def _has_controls(head: bytes) -> bool:
    return len(head) != len(head.translate(None, _CONTROLS))


def _is_old_text(head: bytes) -> bool:
    """Letters of one byte: no control characters, and more plain letters and spaces than anything else."""
    plain = sum(32 <= byte < 127 or byte in (9, 10, 13) for byte in head)
    high = sum(byte >= 192 for byte in head)
    return not _has_controls(head) and (
        plain > 0.7 * len(head) or (len(head) >= _ENOUGH and plain + high > 0.9 * len(head))
    )


def _decoded(head: bytes) -> str:
    if head.startswith(_WIDE[:2]):
        return head.decode("utf-16", "replace")
    if _is_wide(head) and b"\0" in head:
        return head.decode("utf-16-le" if head[1:2] == b"\0" else "utf-16-be", "replace")
    return head.decode("utf-8-sig", "replace")


def _is_mail(head: str) -> bool:
    """Fields from the first line on, three of which a message has, up to an empty line."""
    known: set[str] = set()
    for line in head.split("\n"):
        if not line.strip():
            break
        if line[0] in " \t" and known:
            continue
        match = _FIELD.match(line)
        if match is None:
            return False
        known |= {match[1].lower()} & _MAIL_FIELDS
    return len(known) >= 3


def _data_type(content: bytes, head: str) -> str | None:
    if head.lstrip()[:1] not in ("{", "[") or len(content) > _JSON_MOST:
        return None
    text = _decoded(content)
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        lines = [line for line in text.splitlines() if line.strip()][:20]
        return "application/x-ndjson" if len(lines) > 1 and all(map(_is_object, lines)) else None
    return "application/json"


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _table_type(head: str) -> str | None:
    """Lines that all have the same number of cells, at least two, in at least three lines."""
    lines = head.splitlines()[:-1][:20] if len(head) > _HEAD // 2 else head.splitlines()[:20]
    for delimiter, kind in (("\t", _TABLES[1]), (",", _TABLES[0]), (";", _TABLES[0])):
        try:
            widths = {len(row) for row in csv.reader(lines, delimiter=delimiter, strict=True)}
        except csv.Error:
            continue
        if len(lines) >= 3 and len(widths) == 1 and min(widths) >= 2:
            return kind
    return None
