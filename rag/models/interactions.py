"""Which tokens made a late-interaction score: MaxSim taken apart, token by token of the query."""

from __future__ import annotations

from collections.abc import Sequence

from rag.models.late import unpack
from rag.models.types import Floats
from rag.types import Span, TokenMatch


def pooled_spans(spans: Sequence[Span | None], factor: int) -> list[Span | None]:
    """The spans of groups of `factor` neighbours, as `late.pool` groups their vectors."""
    return [_joined(spans[start : start + factor]) for start in range(0, len(spans), max(factor, 1))]


def _joined(spans: Sequence[Span | None]) -> Span | None:
    found = [span for span in spans if span is not None]
    return Span(found[0].start, found[-1].end) if found else None


def token_matches(
    query: Floats, spans: Sequence[Span | None], blob: bytes, passage: Sequence[Span | None]
) -> tuple[TokenMatch, ...]:
    """For each query token [Q,D] the packed vector of the passage that is most like it.

    `spans` has Q spans, `passage` one for each packed vector. The shares add up to `late.maxsim`. Empty for a
    passage without token vectors; raises ModelError `model_invalid` for a damaged blob.
    """
    vectors = unpack(blob)
    if not len(vectors) or not len(query):
        return ()
    similarity = query @ vectors.T
    best = similarity.argmax(axis=1)
    return tuple(
        TokenMatch(span, passage[place] if place < len(passage) else None, value, value / len(query))
        for span, place, value in zip(spans, best.tolist(), similarity.max(axis=1).tolist(), strict=True)
    )
