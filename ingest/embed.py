"""Pieces of a document to chunks with vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ingest.types import ParsedDocument, Piece
from rag.models.types import EncodedPassage, Encoder
from rag.store import NewChunk

_AT_ONCE = 256  # pieces handed to the encoder at a time; it packs its own batches by tokens


def embed(document: ParsedDocument, pieces: Sequence[Piece], encoder: Encoder) -> list[NewChunk]:
    """One chunk per piece, in order, encoded behind its context."""
    passages = (passage(piece.context, document.text[piece.start : piece.end]) for piece in pieces)
    encoded = encode(list(passages), encoder)
    return [
        NewChunk(
            ordinal,
            piece.start,
            piece.end,
            piece.page,
            piece.headings,
            vectors.dense,
            vectors.tokens,
            context=piece.context,
        )
        for ordinal, (piece, vectors) in enumerate(zip(pieces, encoded, strict=True))
    ]


def passage(context: str, text: str) -> str:
    """What the encoder reads of a chunk."""
    return f"{context}\n{text}" if context else text


def encode(passages: Sequence[str], encoder: Encoder) -> Iterator[EncodedPassage]:
    """The vectors of passages, in order, some at a time."""
    for start in range(0, len(passages), _AT_ONCE):
        yield from encoder.encode_passages(passages[start : start + _AT_ONCE])
