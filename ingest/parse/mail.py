"""E-mail (EML, Outlook's MSG) by unstructured; attachments are read by the parsers of their kinds."""

from __future__ import annotations

import email
import email.policy
import email.utils
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import EmailMessage

from ingest.parse.builder import Builder
from ingest.parse.decode import decode, encoding
from ingest.parse.failures import empty, encrypted_message, unread_metadata
from ingest.parse.limits import Context
from ingest.parse.parsers import parse_inner_file
from ingest.parse.unstructured_elements import Element, document, elements_of, prepare
from ingest.types import ParsedDocument
from rag.errors import ParseError

Fields = dict[str, str]

_ENCRYPTED = ("multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")


@dataclass(frozen=True, slots=True)
class _Attached:
    name: str
    content: bytes


def parse_eml(content: bytes, source: str, context: Context) -> ParsedDocument:
    """The head of the message as its first block, its body, then each attachment under its name."""
    prepare()
    from unstructured.partition.email import partition_email

    if encoding(content).startswith("utf-16"):
        content = decode(content).encode("utf-8", "replace")  # saved as text; mail itself is never UTF-16
    message = email.message_from_bytes(content, policy=email.policy.default)
    if message.get_content_type() in _ENCRYPTED:
        raise encrypted_message()
    fields = {name: _one_line(message.get(name)) for name in ("Subject", "From", "To", "Cc", "Date")}
    attached = list(_attached(message))
    fields["Attachments"] = ", ".join(each.name for each in attached)
    found = elements_of(partition_email(file=io.BytesIO(content), process_attachments=False, languages=[""]))
    return _document(found or list(_enclosed(message)), fields, attached, context)


def parse_msg(content: bytes, source: str, context: Context) -> ParsedDocument:
    """The head of the message as its first block, its body, then each attachment under its name."""
    if any(kind.encode("utf-16-le") in content for kind in _ENCRYPTED):
        raise encrypted_message()
    prepare()
    from oxmsg import Message
    from unstructured.partition.msg import partition_msg

    elements = partition_msg(file=io.BytesIO(content), process_attachments=False, languages=[""])
    metadata = getattr(elements[0], "metadata", None) if elements else None
    names = {"Subject": "subject", "From": "sent_from", "To": "sent_to", "Date": "last_modified"}
    fields = {name: _joined(getattr(metadata, key, None)) for name, key in names.items()}
    attached = [
        _Attached(each.file_name or "attachment", each.file_bytes or b"")
        for each in Message.load(io.BytesIO(content)).attachments
    ]
    fields["Attachments"] = ", ".join(each.name for each in attached)
    return _document(elements_of(elements), fields, attached, context)


def _attached(message: EmailMessage) -> Iterator[_Attached]:
    for part in message.iter_attachments():
        if not isinstance(part, EmailMessage) or not (name := part.get_filename()):
            continue
        content = part.get_payload(decode=True)
        yield _Attached(_one_line(name), content if isinstance(content, bytes) else part.as_bytes())


def _document(
    found: Sequence[Element], fields: Fields, attached: Sequence[_Attached], context: Context
) -> ParsedDocument:
    known = {name: value for name, value in fields.items() if value}
    builder = Builder()
    builder.add("paragraph", "\n".join(f"{name}: {value}" for name, value in known.items()))
    if not found and not known:
        raise empty("The message has neither a head nor a body.")
    metadata = {**{name.lower(): value for name, value in known.items()}, **_date(known.get("Date", ""))}
    message = document(found, known.get("Subject", ""), metadata, builder)
    return _with_attached(message, attached, context.inside()) if attached else message


def _with_attached(message: ParsedDocument, attached: Sequence[_Attached], inside: Context) -> ParsedDocument:
    """Attachments as sections; what cannot be read is unread_metadata, and the message is kept."""
    builder, unread = Builder(), list[str]()
    builder.extend(message)
    for each in attached:
        try:
            inside.unpacking(len(each.content), len(each.content))
            builder.include(parse_inner_file(each.content, each.name, inside), each.name)
        except ParseError as error:
            unread.append(f"{each.name}: {error.code}")
        inside.alive()
    return builder.build(message.title, {**message.metadata, **unread_metadata(unread)})


def _date(value: str) -> dict[str, str]:
    """The date as RFC 3339, which sorts and filters; as it is when it cannot be told."""
    try:
        return {"date": email.utils.parsedate_to_datetime(value).isoformat()}
    except (ValueError, IndexError, TypeError):
        return {}


def _enclosed(message: EmailMessage) -> Iterator[Element]:
    """The text of messages within the message, which unstructured passes over."""
    for part in message.walk():
        if part.get_content_type() == "text/plain":
            yield Element("NarrativeText", str(part.get_content()), None, None, "", [])


def _one_line(value: object) -> str:
    return " ".join(str(value).split()) if value is not None else ""


def _joined(value: object) -> str:
    return ", ".join(map(str, filter(None, value))) if isinstance(value, list) else str(value or "")
