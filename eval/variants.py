"""The ways to rank that are compared: from BM25 alone to the reader on top, all on the real engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal, get_args

from eval.ranking import first_of_each
from rag.answer.engine import Engine
from rag.answer.flow import Candidates
from rag.answer.rerank import rerank_by_reader
from rag.answer.retrieve import ranked
from rag.errors import InvalidInput
from rag.index.fusion import convex, reciprocal_rank
from rag.index.types import Scored
from rag.types import Hit, In, Mode, Query

Variant = Literal["bm25", "dense", "rrf", "convex", "late", "reader"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)
READER_DEPTH = 20  # chunks that the reader rescores (`reader_candidates`): each costs a transformer pass

Ranker = Callable[[Engine, Query], list[str]]
"""From engine and query to each chunk's source, best first."""


def rank(variant: Variant, engine: Engine, query: Query) -> list[str]:
    """Sources in order of their best chunk among the first `query.k` chunks."""
    return first_of_each(_ranker(variant)(engine, query))


def parse_variant(name: str) -> Variant:
    """The variant of this name. Raises InvalidInput `unknown_variant`."""
    for known in VARIANTS:
        if name == known:
            return known
    raise InvalidInput(
        f"There is no variant {name!r}; known are {', '.join(VARIANTS)}.", code="unknown_variant"
    )


def _ranker(variant: Variant) -> Ranker:
    rankers: dict[Variant, Ranker] = {
        "bm25": _searched("lexical"),
        "dense": _searched("dense"),
        "rrf": _plain_fusion,
        "convex": _searched("hybrid"),
        "late": _searched("hybrid", rerank=True),
        "reader": _reader,
    }
    return rankers[variant]


def _searched(mode: Mode, *, rerank: bool = False) -> Ranker:
    def ranker(engine: Engine, query: Query) -> list[str]:
        hits, _ = engine.search(replace(query, mode=mode), rerank=rerank)
        return _sources(hits)

    return ranker


def _plain_fusion(engine: Engine, query: Query) -> list[str]:
    """Reciprocal-rank fusion (Cormack 2009, k = 60) of the replicas' own dense and BM25 lists."""
    vector = engine.encoder.encode_queries([query.text])[0].dense
    dense = engine.indexes.search_dense(query.collection, vector, query.k, query.filters)
    lexical = engine.indexes.search_lexical(query.collection, query.text, query.k, query.filters)
    fused = reciprocal_rank([dense, lexical])[: query.k]
    found = engine.store.hydrate([scored.key for scored in fused])
    return [found[scored.key][1].source for scored in fused if scored.key in found]


def _reader(engine: Engine, query: Query) -> list[str]:
    hits, _ = engine.search(query, rerank=True)
    return _sources(_read(engine, query, hits))


def _read(engine: Engine, query: Query, hits: Sequence[Hit]) -> list[Hit]:
    """The reranked list rescored by the reader, as the engine does by default."""
    return rerank_by_reader(query.text, hits, engine.reader, READER_DEPTH)


def rank_run(variant: Variant, engine: Engine, query: Query, first_stage: Mapping[str, float]) -> list[str]:
    """The documents of a first stage made elsewhere, reranked: its scores are the lexical ones."""
    k, encoded = max(query.k, len(first_stage)), engine.encoder.encode_queries([query.text])[0]
    only = replace(query, k=k, filters=In("source", tuple(first_stage)))
    dense = engine.indexes.search_dense(query.collection, encoded.dense, k, only.filters)
    found = engine.store.hydrate([scored.key for scored in dense])
    source = {key: document.source for key, (_, document) in found.items()}
    given = [Scored(scored.key, first_stage[source[scored.key]]) for scored in dense]
    lexical = sorted(given, key=lambda scored: -scored.score)
    rankings = {"bm25": lexical, "dense": dense, "rrf": reciprocal_rank([dense, lexical])}
    if variant in rankings:
        return first_of_each([source[scored.key] for scored in rankings[variant]])
    fused = ranked(convex(dense, lexical), k)
    hits = engine.passages(Candidates(only, encoded, fused), k, rerank=variant != "convex")
    return first_of_each(_sources(_read(engine, query, hits) if variant == "reader" else hits))


def _sources(hits: Sequence[Hit]) -> list[str]:
    return [hit.document.source for hit in hits]
