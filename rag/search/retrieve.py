"""Candidates for a query: dense and lexical search side by side, standardised and summed."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from rag.answer.flow import Candidate, Candidates
from rag.index import IndexManager
from rag.index.types import Fused, Scored
from rag.models.types import EncodedQuery, Encoder
from rag.search.fuse import convex
from rag.search.learned import DEFAULTS, Profile
from rag.store import Store
from rag.types import Hit, Part, Query, Share


@dataclass(frozen=True, slots=True)
class Retriever:
    """First-stage search. `pool` runs the lexical search while the caller's thread does the dense one."""

    indexes: IndexManager
    encoder: Encoder
    pool: Executor
    profile: Profile = DEFAULTS

    def candidates(self, query: Query, count: int) -> Candidates:
        """At least `query.k` and at most max(count, query.k) candidates, best first."""
        count = max(count, query.k)
        if query.mode == "lexical":
            return Candidates(query, None, _single("lexical", self._lexical(query, count)))
        if query.mode == "dense":
            encoded = self._encode(query)
            items = _single("dense", self._dense(query, encoded, count))
            return Candidates(query, encoded, items, self.encoder.info)
        return self._hybrid(query, count)

    def _hybrid(self, query: Query, count: int) -> Candidates:
        pending = self.pool.submit(self._lexical, query, count)
        encoded = self._encode(query)
        dense = self._dense(query, encoded, count)
        lexical = pending.result()
        found = {scored.key for scored in dense}
        missing = [scored.key for scored in lexical if scored.key not in found]
        exact = self.indexes.similarities(query.collection, encoded.dense, missing) if missing else {}
        learned = self.profile
        fused = convex(dense, lexical, exact, dense_weight=learned.dense, lexical_weight=learned.lexical)
        return Candidates(query, encoded, ranked(fused, count), self.encoder.info)

    def _encode(self, query: Query) -> EncodedQuery:
        return self.profile.adapted(self.encoder.encode_queries([query.text])[0])

    def _dense(self, query: Query, encoded: EncodedQuery, count: int) -> list[Scored]:
        return self.indexes.search_dense(
            query.collection, encoded.dense, count, query.filters, self.encoder.info
        )

    def _lexical(self, query: Query, count: int) -> list[Scored]:
        return self.indexes.search_lexical(query.collection, query.text, count, query.filters)


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
