"""Pieces of a document to chunks with vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ingest.types import ParsedDocument, Piece
from rag.models.types import EncodedPassage, Encoder
from rag.store import NewChunk

# Pieces handed to the encoder at a time: half a second of work, as nobody can stop it in between.
_AT_ONCE = 16


def embed(
    document: ParsedDocument,
    pieces: Sequence[Piece],
    encoder: Encoder,
    may_go_on: Callable[[], None] = lambda: None,
) -> list[NewChunk]:
    """One chunk per piece, in order, encoded behind its context.

    `may_go_on` is called before every few pieces and may raise, which ends the work.
    """
    passages = (passage(piece.context, document.text[piece.start : piece.end]) for piece in pieces)
    encoded = encode(list(passages), encoder, may_go_on)
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


def encode(
    passages: Sequence[str], encoder: Encoder, may_go_on: Callable[[], None] = lambda: None
) -> Iterator[EncodedPassage]:
    """The vectors of passages, in order, some at a time; see `embed`."""
    for start in range(0, len(passages), _AT_ONCE):
        may_go_on()
        yield from encoder.encode_passages(passages[start : start + _AT_ONCE])
