"""E-mail: EML by the email library, Outlook's MSG by unstructured; attachments as files of their kinds."""

from __future__ import annotations

import email
import email.policy
import email.utils
import io
from collections.abc import Sequence
from email.message import EmailMessage

from ingest.parse.builder import Builder
from ingest.parse.decode import decode, encoding
from ingest.parse.failures import empty, encrypted_message, unread_metadata, unread_of
from ingest.parse.limits import Context
from ingest.parse.mime import ENCRYPTED, Attachment, Parts, header, read_parts
from ingest.parse.parsers import parse_inner_file
from ingest.parse.unstructured_elements import document, elements_of, prepare
from ingest.types import ParsedDocument
from rag.errors import ParseError

Fields = dict[str, str]


def parse_eml(content: bytes, source: str, context: Context) -> ParsedDocument:
    """The head of the message as its first block, its body, then each attachment under its name."""
    return read_message(message_of(content), context)


def message_of(content: bytes) -> EmailMessage:
    """The message of these bytes."""
    if encoding(content).startswith("utf-16"):
        content = decode(content).encode("utf-8", "replace")  # saved as text; mail itself is never UTF-16
    return email.message_from_bytes(content, policy=email.policy.default)


def read_message(message: EmailMessage, context: Context, *, headed: bool = False) -> ParsedDocument:
    """As `parse_eml`; the subject is left to the heading above it where the message is `headed`."""
    if message.get_content_type() in ENCRYPTED:
        raise encrypted_message()
    fields = {name: header(message, name) for name in ("Subject", "From", "To", "Cc", "Date")}
    parts = read_parts(message)
    fields["Attachments"] = ", ".join(each.name for each in parts.attached if each.named)
    return _document(parts, fields, context, headed=headed)


def parse_msg(content: bytes, source: str, context: Context) -> ParsedDocument:
    """The head of the message as its first block, its body, then each attachment under its name."""
    if any(kind.encode("utf-16-le") in content for kind in ENCRYPTED):
        raise encrypted_message()
    prepare()
    from oxmsg import Message
    from unstructured.partition.msg import partition_msg

    elements = partition_msg(file=io.BytesIO(content), process_attachments=False, languages=[""])
    metadata = getattr(elements[0], "metadata", None) if elements else None
    names = {"Subject": "subject", "From": "sent_from", "To": "sent_to", "Date": "last_modified"}
    fields = {name: _joined(getattr(metadata, key, None)) for name, key in names.items()}
    attached = [
        Attachment(each.file_name or "attachment", each.file_bytes or b"")
        for each in Message.load(io.BytesIO(content)).attachments
    ]
    fields["Attachments"] = ", ".join(each.name for each in attached)
    parts = Parts(attached=attached)
    parts.body.extend(document(elements_of(elements)))
    return _document(parts, fields, context)


def _document(parts: Parts, fields: Fields, context: Context, *, headed: bool = False) -> ParsedDocument:
    known = {name: value for name, value in fields.items() if value}
    if not parts.body.length and not known and not parts.attached:
        raise empty("The message has neither a head nor a body.")
    builder = Builder()
    lines = (f"{name}: {value}" for name, value in known.items() if not (headed and name == "Subject"))
    builder.add("paragraph", "\n".join(lines))
    builder.extend(parts.body.build())
    unread = [*parts.unread, *_with_attached(builder, parts.attached, context)]
    metadata = {**{name.lower(): value for name, value in known.items()}, **_date(known.get("Date", ""))}
    return builder.build(known.get("Subject", ""), {**metadata, **unread_metadata(unread)})


def _with_attached(builder: Builder, attached: Sequence[Attachment], context: Context) -> list[str]:
    """Add attachments as sections; what cannot be read is named, and the message is kept."""
    if not attached:
        return []
    inside, unread = context.inside(), list[str]()
    for each in attached:
        try:
            read = _read_attached(each, inside)
            builder.include(read, each.name)
            unread += unread_of(read, each.name)
        except ParseError as error:
            unread.append(f"{each.name}: {error.code}")
        inside.alive()
    return unread


def _read_attached(attached: Attachment, inside: Context) -> ParsedDocument:
    if isinstance(attached.content, EmailMessage):
        inside.unpacking(0, 0)
        return read_message(attached.content, inside, headed=not attached.named)
    inside.unpacking(len(attached.content), len(attached.content))
    return parse_inner_file(attached.content, attached.name, inside, attached.media_type)


def _date(value: str) -> dict[str, str]:
    """The date as RFC 3339, which sorts and filters; as it is when it cannot be told."""
    try:
        return {"date": email.utils.parsedate_to_datetime(value).isoformat()}
    except (ValueError, IndexError, TypeError):
        return {}


def _joined(value: object) -> str:
    return ", ".join(map(str, filter(None, value))) if isinstance(value, list) else str(value or "")
