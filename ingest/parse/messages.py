"""What the worker and a parser process say to each other: JSON, which cannot make the worker run code."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from ingest.parse.limits import Limits
from ingest.types import Block, ParsedDocument
from rag.errors import ParseError
from rag.types import Page, Span

ALIVE = b""
"""What a parser sends after a page of slow work: the clock starts anew."""


@dataclass(frozen=True, slots=True)
class Request:
    """The head of a request; the file's bytes follow in a message of their own."""

    source: str
    media_type: str
    limits: Limits = field(default_factory=Limits)


def encode_request(request: Request) -> bytes:
    """A request as bytes."""
    return json.dumps(asdict(request)).encode()


def decode_request(message: bytes) -> Request:
    """The request that `encode_request` wrote."""
    values = json.loads(message)
    return Request(values["source"], values["media_type"], Limits(**values["limits"]))


def encode_document(document: ParsedDocument) -> bytes:
    """A parsed document as bytes."""
    return json.dumps({"document": asdict(document)}, ensure_ascii=False).encode("utf-8", "replace")


def encode_error(error: ParseError) -> bytes:
    """A failure as bytes."""
    return json.dumps({"error": {"code": error.code, "message": error.message}}).encode()


def decode_answer(message: bytes) -> ParsedDocument:
    """The document that a parser process sent; raises the ParseError when it sent one."""
    answer = json.loads(message)
    if "error" in answer:
        raise ParseError(answer["error"]["message"], code=answer["error"]["code"])
    found = answer["document"]
    return ParsedDocument(
        text=found["text"],
        blocks=tuple(_block(block) for block in found["blocks"]),
        pages=tuple(Page(**page) for page in found["pages"]),
        title=found["title"],
        metadata=found["metadata"],
    )


def _block(values: dict[str, object]) -> Block:
    header = values.pop("header")
    span = Span(**header) if isinstance(header, dict) else None
    return Block(**values, header=span)  # type: ignore[arg-type]  # written by encode_document from a Block
