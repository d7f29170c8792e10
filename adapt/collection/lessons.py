"""From labelled candidates to the query adapter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from adapt.collection.labels import Labels
from adapt.collection.pools import first_rank, fused, gain
from adapt.collection.query_adapter import SHRUNK, Lessons, shrunk, train
from adapt.collection.types import OnStage, Pool
from adapt.collection.weights import Weights
from rag.answer.engine import Engine
from rag.answer.profile import QueryAdapter
from rag.models.types import Floats

CANDIDATES = 32

Vectors = dict[int, Floats]


def learn(
    engine: Engine,
    pools: Sequence[Pool],
    labels: Sequence[Labels],
    weights: Weights,
    seed: int,
    on_stage: OnStage,
) -> QueryAdapter | None:
    """An adapter from the questions of the train part, as large a step as helps those of the inner part.

    None when none helps.
    """
    vectors = _vectors(engine, pools, labels)
    found: dict[str, Lessons] = {}
    for part in ("train", "inner"):
        rows = [pair for pair in zip(pools, labels, strict=True) if pair[0].asked.part == part]
        if not rows:
            return None
        found[part] = lessons([pool for pool, _ in rows], [label for _, label in rows], vectors)
    learned = train(found["train"], found["inner"], seed, lambda step: on_stage("adapter", step, 0))
    inner = [pool for pool in pools if pool.asked.part == "inner"]
    return learned and _sized(learned, inner, vectors, weights, engine.settings.rerank_candidates)


def lessons(pools: Sequence[Pool], labels: Sequence[Labels], vectors: Vectors) -> Lessons:
    """What is labelled first, then the best other candidates, up to CANDIDATES for each question."""
    dimension = len(pools[0].query)
    passages = np.zeros((len(pools), CANDIDATES, dimension), np.float32)
    wanted = np.zeros((len(pools), CANDIDATES), np.float32)
    mask = np.zeros_like(wanted)
    for row, (pool, label) in enumerate(zip(pools, labels, strict=True)):
        keys = [key for key in _candidates(pool, label) if key in vectors][:CANDIDATES]
        passages[row, : len(keys)] = [vectors[key] for key in keys]
        mask[row, : len(keys)] = 1
        wanted[row, : len(keys)] = [label.get(key, 0.0) for key in keys]
    wanted /= np.maximum(wanted.sum(axis=1, keepdims=True), 1e-9)
    return Lessons(np.array([pool.query for pool in pools], np.float32), passages, wanted, mask)


def _candidates(pool: Pool, label: Labels) -> list[int]:
    """Keys, the labelled ones first; half of the others are the nearest, half the best by both searches."""
    nearest = pool.keys[np.argsort(-pool.dense, kind="stable")[: CANDIDATES // 2]].tolist()
    best = pool.keys[np.argsort(-fused(pool, 1.0), kind="stable")[:CANDIDATES]].tolist()
    return list(dict.fromkeys([*list(label)[: CANDIDATES // 2], *nearest, *best]))


def _vectors(engine: Engine, pools: Sequence[Pool], labels: Sequence[Labels]) -> Vectors:
    """The dense vectors of all candidates: the union of the lists, in the store's half precision."""
    info = engine.encoder.info
    keys = {key for pool in pools for key in pool.keys.tolist()} | {key for label in labels for key in label}
    return engine.store.vectors(sorted(keys), info.name, info.revision)


def _sized(
    learned: QueryAdapter, inner: Sequence[Pool], vectors: Vectors, weights: Weights, depth: int
) -> QueryAdapter | None:
    """The adapter at the size that ranks the inner questions best; None when it ranks none of them better."""
    unmoved = _mean(inner, weights, depth)
    tried = [shrunk(learned, share) for share in SHRUNK]
    scored = [_mean([_moved(pool, one, vectors) for pool in inner], weights, depth) for one in tried]
    best = int(np.argmax(scored))
    return tried[best] if scored[best] > unmoved else None


def _moved(pool: Pool, adapter: QueryAdapter, vectors: Vectors) -> Pool:
    query = adapter.apply(pool.query[None])[0]
    dense = [float(vectors[key] @ query) if key in vectors else 0.0 for key in pool.keys.tolist()]
    return replace(pool, query=query, dense=np.array(dense, np.float32))


def _mean(pools: Sequence[Pool], weights: Weights, depth: int) -> float:
    """nDCG@10 over the cached candidates."""
    ranks = [first_rank(pool, fused(pool, weights.lexical), weights.late, depth) for pool in pools]
    return float(np.mean([gain(rank) for rank in ranks]))
