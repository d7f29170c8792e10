"""Candidates for a query: dense and lexical search side by side, standardised and summed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field

from rag.index.types import Fused, Scored
from rag.models.types import EncodedQuery
from rag.search.collection import OpenCollection
from rag.search.fuse import convex
from rag.store import Store
from rag.types import Hit, Part, Query, Share


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk key with its present score and every stage's view of it, before the chunk itself is read.

    The contributions of `shares` add up to the score.
    """

    key: int
    score: float
    parts: Mapping[str, Part]
    terms: tuple[str, ...] = ()
    shares: Mapping[str, Share] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidates:
    """What retrieval found for a query in its collection, best first; `encoded` is None for words alone."""

    query: Query
    collection: OpenCollection
    encoded: EncodedQuery | None
    items: tuple[Candidate, ...]


def retrieve(query: Query, collection: OpenCollection, pool: Executor) -> Candidates:
    """First-stage search: at least `query.k` candidates, and as many as late interaction rescores.

    `pool` runs the lexical search while the caller's thread does the dense one. Raises InvalidInput
    `invalid_filter`.
    """
    count = max(collection.config.rerank_candidates, query.k)
    if query.mode == "lexical":
        found = collection.lexical(query.text, count, query.filters)
        return Candidates(query, collection, None, _single("lexical", found))
    if query.mode == "dense":
        encoded = collection.encode(query.text)
        found = collection.dense(encoded.dense, count, query.filters)
        return Candidates(query, collection, encoded, _single("dense", found))
    return _hybrid(query, collection, count, pool)


def _hybrid(query: Query, collection: OpenCollection, count: int, pool: Executor) -> Candidates:
    pending = pool.submit(collection.lexical, query.text, count, query.filters)
    encoded = collection.encode(query.text)
    dense = collection.dense(encoded.dense, count, query.filters)
    lexical = pending.result()
    nearest = {scored.key for scored in dense}
    words_only = [scored.key for scored in lexical if scored.key not in nearest]
    exact = collection.similarities(encoded.dense, words_only)
    config = collection.config
    dense_weight = config.dense_weight * encoded.known
    # Where words alone decide, the one chunk that has them has to stand out from those that have none.
    absent = 0.0 if encoded.known < 1.0 and len(lexical) < count else None
    fused = convex(
        dense,
        lexical,
        exact,
        dense_weight=dense_weight,
        lexical_weight=config.lexical_weight,
        absent=absent,
    )
    return Candidates(query, collection, encoded, ranked(fused, count))


def _single(stage: str, found: Sequence[Scored]) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(
            scored.key,
            scored.score,
            {stage: Part(scored.score, rank)},
            scored.terms,
            {stage: Share(1.0, scored.score)},
        )
        for rank, scored in enumerate(found, start=1)
    )


def ranked(fused: Sequence[Fused], count: int) -> tuple[Candidate, ...]:
    """The `count` best, best first; of two that are equally good the newer one, as keys grow."""
    ordered = sorted(fused, key=lambda one: (-one.score, -one.key))[:count]
    return tuple(
        Candidate(one.key, one.score, _parts(one, rank), one.terms, one.shares)
        for rank, one in enumerate(ordered, start=1)
    )


def _parts(one: Fused, rank: int) -> dict[str, Part]:
    """Every stage's own view: a score without a rank was computed for fusion, not found by the search."""
    parts = {"fused": Part(one.score, rank)}
    if one.dense is not None:
        parts["dense"] = Part(one.dense, one.dense_rank)
    if one.lexical is not None:
        parts["lexical"] = Part(one.lexical, one.lexical_rank)
    return parts


def hydrate(store: Store, items: Sequence[Candidate], count: int) -> list[Hit]:
    """The first `count` candidates that still exist: one query, or a second one where some are gone."""
    hits = _read(store, items[:count])
    if len(hits) < min(count, len(items)):
        hits = _read(store, items)
    return hits[:count]


def _read(store: Store, items: Sequence[Candidate]) -> list[Hit]:
    found = store.chunks.hydrate([item.key for item in items])
    return [
        Hit(*found[item.key], item.score, item.parts, item.terms, shares=item.shares)
        for item in items
        if item.key in found
    ]


def distinct(hits: Sequence[Hit]) -> list[Hit]:
    """The hits without those whose text an earlier one already has, white space aside."""
    seen: dict[str, Hit] = {}
    for hit in hits:
        seen.setdefault(" ".join(hit.chunk.text.split()), hit)
    return list(seen.values())
