"""E-mail (EML, Outlook's MSG) by unstructured; attachments are named, not read."""

from __future__ import annotations

import email
import email.policy
import io
from collections.abc import Iterable

from ingest.parse.build import Builder
from ingest.parse.elements import document, pieces
from ingest.parse.failures import empty
from ingest.parse.offline import prepare
from ingest.types import ParsedDocument

Fields = dict[str, str]


def parse_eml(content: bytes, source: str) -> ParsedDocument:
    """The head of the message as its first block, then its body."""
    prepare()
    from unstructured.partition.email import partition_email

    message = email.message_from_bytes(content, policy=email.policy.compat32)
    fields = {name: _decoded(message.get(name)) for name in ("Subject", "From", "To", "Date")}
    elements = partition_email(file=io.BytesIO(content), process_attachments=False, languages=[""])
    return _document(elements, fields)


def parse_msg(content: bytes, source: str) -> ParsedDocument:
    """The head of the message as its first block, then its body."""
    prepare()
    from unstructured.partition.msg import partition_msg

    elements = partition_msg(file=io.BytesIO(content), process_attachments=False, languages=[""])
    metadata = getattr(elements[0], "metadata", None) if elements else None
    names = {"Subject": "subject", "From": "sent_from", "To": "sent_to", "Date": "last_modified"}
    return _document(elements, {name: _joined(getattr(metadata, key, None)) for name, key in names.items()})


def _document(elements: Iterable[object], fields: Fields) -> ParsedDocument:
    known = {name: value for name, value in fields.items() if value}
    builder = Builder()
    builder.add("paragraph", "\n".join(f"{name}: {value}" for name, value in known.items()))
    found = pieces(elements)
    if not found and not known:
        raise empty("The message has neither a head nor a body.")
    return document(found, known.get("Subject", ""), {k.lower(): v for k, v in known.items()}, builder)


def _decoded(value: object) -> str:
    """A header with its encoded words as text."""
    from email.header import decode_header, make_header

    return " ".join(str(make_header(decode_header(str(value)))).split()) if value is not None else ""


def _joined(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")
