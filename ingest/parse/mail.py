"""E-mail (EML, Outlook's MSG) by unstructured; attachments are named, not read."""

from __future__ import annotations

import email
import email.policy
import io
from collections.abc import Iterator, Sequence
from email.message import EmailMessage

from ingest.parse.build import Builder
from ingest.parse.decode import decode, encoding
from ingest.parse.elements import Piece, document, pieces
from ingest.parse.failures import empty, encrypted_message
from ingest.parse.offline import prepare
from ingest.types import ParsedDocument

Fields = dict[str, str]

_ENCRYPTED = ("multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")


def parse_eml(content: bytes, source: str) -> ParsedDocument:
    """The head of the message as its first block, then its body."""
    prepare()
    from unstructured.partition.email import partition_email

    if encoding(content).startswith("utf-16"):
        content = decode(content).encode("utf-8", "replace")  # saved as text; mail itself is never UTF-16
    message = email.message_from_bytes(content, policy=email.policy.default)
    if message.get_content_type() in _ENCRYPTED:
        raise encrypted_message()
    fields = {name: _one_line(message.get(name)) for name in ("Subject", "From", "To", "Date")}
    fields["Attachments"] = _joined([part.get_filename() for part in message.iter_attachments()])
    found = pieces(partition_email(file=io.BytesIO(content), process_attachments=False, languages=[""]))
    return _document(found or list(_enclosed(message)), fields)


def parse_msg(content: bytes, source: str) -> ParsedDocument:
    """The head of the message as its first block, then its body."""
    if any(kind.encode("utf-16-le") in content for kind in _ENCRYPTED):
        raise encrypted_message()
    prepare()
    from oxmsg import Message
    from unstructured.partition.msg import partition_msg

    elements = partition_msg(file=io.BytesIO(content), process_attachments=False, languages=[""])
    metadata = getattr(elements[0], "metadata", None) if elements else None
    names = {"Subject": "subject", "From": "sent_from", "To": "sent_to", "Date": "last_modified"}
    fields = {name: _joined(getattr(metadata, key, None)) for name, key in names.items()}
    fields["Attachments"] = _joined(
        [each.file_name for each in Message.load(io.BytesIO(content)).attachments]
    )
    return _document(pieces(elements), fields)


def _document(found: Sequence[Piece], fields: Fields) -> ParsedDocument:
    known = {name: value for name, value in fields.items() if value}
    builder = Builder()
    builder.add("paragraph", "\n".join(f"{name}: {value}" for name, value in known.items()))
    if not found and not known:
        raise empty("The message has neither a head nor a body.")
    return document(found, known.get("Subject", ""), {k.lower(): v for k, v in known.items()}, builder)


def _enclosed(message: EmailMessage) -> Iterator[Piece]:
    """The text of messages within the message, which unstructured passes over."""
    for part in message.walk():
        if part.get_content_type() == "text/plain":
            yield Piece("NarrativeText", str(part.get_content()), None, None, "", [])


def _one_line(value: object) -> str:
    return " ".join(str(value).split()) if value is not None else ""


def _joined(value: object) -> str:
    return ", ".join(map(str, filter(None, value))) if isinstance(value, list) else str(value or "")
