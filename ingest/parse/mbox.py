"""Mailboxes (mbox, RFC 4155): every message is a section under its subject."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.parse.builder import Builder
from ingest.parse.failures import nothing_readable, unread_metadata, unread_of
from ingest.parse.limits import Context
from ingest.parse.mail import message_of, read_message
from ingest.types import ParsedDocument
from rag.errors import ParseError

_POSTMARK = re.compile(rb"(?:\A|(?<=\n)\r?\n)From [^\r\n]*\d{4}[^\r\n]*\r?\n(?=>?[A-Za-z][A-Za-z0-9-]*:)")
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)


def parse(content: bytes, source: str, context: Context) -> ParsedDocument:
    """The messages in their order; one that cannot be read is named in `unread`."""
    inside = context.inside()
    builder, unread, count = Builder(), list[str](), 0
    for count, message in enumerate(_messages(content), start=1):
        try:
            inside.unpacking(len(message), len(message))
            document = read_message(message_of(message), inside, headed=True)
            builder.include(document, document.title or f"Message {count}")
            unread += unread_of(document, f"message {count}")
        except ParseError as error:
            unread.append(f"message {count}: {error.code}")
        inside.alive()
    if not builder.length and unread:
        raise nothing_readable(", ".join(unread[:5]))
    return builder.build(metadata={"messages": count, **unread_metadata(unread)})


def _messages(content: bytes) -> Iterator[bytes]:
    marks = list(_POSTMARK.finditer(content))
    for mark, following in zip(marks, [*marks[1:], None], strict=False):
        message = content[mark.end() : following.start() if following else len(content)]
        yield _QUOTED.sub(rb"\1", message)
