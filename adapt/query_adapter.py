"""A low-rank residual on the query vector, trained in NumPy: softmax over candidates with soft labels, Adam.

Start: `up` is zero, so the map is the identity. Loss: cross entropy between the labels and the softmax of
scaled cosines (InfoNCE, van den Oord et al. 2018, https://arxiv.org/abs/1807.03748), plus a penalty on how
far a query moves. Adam: Kingma and Ba 2015, https://arxiv.org/abs/1412.6980.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from adapt.candidates import Labels, first_rank, fused, gain
from adapt.types import OnStage, Pool
from adapt.weights import Weights
from rag.models.types import Floats
from rag.search.tuning import QueryAdapter
from rag.service import Service

RANK = 16
SCALE = 20.0
PENALTY = 0.5
RATE = 2e-3
STEPS = 300
CHECK = 5
PATIENCE = 8
SHRUNK = (1.0, 0.5, 0.25)
"""Parts of the learned step that are tried; the best on the inner questions is kept."""


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """Queries [N,D], their candidates' vectors [N,C,D] and labels [N,C] whose rows sum to 1.

    A row with fewer than C candidates is padded with zero vectors whose `mask` [N,C] is 0.
    """

    queries: Floats
    passages: Floats
    labels: Floats
    mask: Floats


@dataclass(slots=True)
class _Moments:
    first: Floats
    second: Floats

    def step(self, slope: Floats, number: int) -> Floats:
        """Adam's move for this slope."""
        self.first += 0.1 * (slope - self.first)
        self.second += 0.001 * (slope**2 - self.second)
        mean, square = self.first / (1 - 0.9**number), self.second / (1 - 0.999**number)
        return np.asarray(RATE * mean / (np.sqrt(square) + 1e-8), np.float32)


def train(train: Lessons, inner: Lessons, seed: int, on_step: Callable[[int], None]) -> QueryAdapter | None:
    """The adapter with the lowest loss on `inner`; None when no step lowers it."""
    dimension = train.queries.shape[1]
    start = np.random.default_rng(seed).normal(0, dimension**-0.5, (dimension, RANK))
    now = QueryAdapter(start.astype(np.float32), np.zeros((RANK, dimension), np.float32))
    down, up = (_Moments(np.zeros_like(m), np.zeros_like(m)) for m in (now.down, now.up))
    best, lowest, worse = None, loss(inner, now), 0
    for number in range(1, STEPS + 1):
        slope_down, slope_up = slopes(train, now)
        now = QueryAdapter(now.down - down.step(slope_down, number), now.up - up.step(slope_up, number))
        if number % CHECK:
            continue
        on_step(number)
        present = loss(inner, now)
        best, lowest, worse = (now, present, 0) if present < lowest - 1e-5 else (best, lowest, worse + 1)
        if worse >= PATIENCE:
            break
    return best


def shrunk(adapter: QueryAdapter, share: float) -> QueryAdapter:
    """The adapter with its step made smaller."""
    return QueryAdapter(adapter.down, np.asarray(share * adapter.up, np.float32))


def loss(lessons: Lessons, adapter: QueryAdapter) -> float:
    """Mean cross entropy, without the penalty."""
    _, _, chances = _forward(lessons, adapter)
    return float(-(lessons.labels * np.log(np.maximum(chances, 1e-9))).sum(axis=1).mean())


def slopes(lessons: Lessons, adapter: QueryAdapter) -> tuple[Floats, Floats]:
    """Gradients of the loss with the penalty by `down` and `up`."""
    length, pointing, chances = _forward(lessons, adapter)
    gap = SCALE * (chances - lessons.labels)
    by_pointing = np.einsum("nc,ncd->nd", gap, lessons.passages)
    along = (by_pointing * pointing).sum(axis=1, keepdims=True)
    by_step = (by_pointing - along * pointing) / length
    low = lessons.queries @ adapter.down
    by_step = (by_step + 2 * PENALTY * (low @ adapter.up)) / len(lessons.queries)
    by_up = low.T @ by_step
    by_down = lessons.queries.T @ (by_step @ adapter.up.T)
    return np.asarray(by_down, np.float32), np.asarray(by_up, np.float32)


def _forward(lessons: Lessons, adapter: QueryAdapter) -> tuple[Floats, Floats, Floats]:
    """Lengths [N,1] and directions [N,D] of the moved queries, and the candidates' probabilities [N,C]."""
    moved = lessons.queries + (lessons.queries @ adapter.down) @ adapter.up
    length = np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9)
    pointing = moved / length
    logits = SCALE * np.einsum("nd,ncd->nc", pointing, lessons.passages) + np.where(lessons.mask > 0, 0, -1e9)
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return length, pointing, np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float32)


CANDIDATES = 32

Vectors = dict[int, Floats]


def learn(
    service: Service,
    pools: Sequence[Pool],
    labels: Sequence[Labels],
    weights: Weights,
    seed: int,
    on_stage: OnStage,
) -> QueryAdapter | None:
    """An adapter from the questions of the train part, as large a step as helps those of the inner part.

    None when none helps.
    """
    vectors = _vectors(service, pools, labels)
    found: dict[str, Lessons] = {}
    for part in ("train", "inner"):
        rows = [pair for pair in zip(pools, labels, strict=True) if pair[0].asked.part == part]
        if not rows:
            return None
        found[part] = lessons([pool for pool, _ in rows], [label for _, label in rows], vectors)
    learned = train(found["train"], found["inner"], seed, lambda step: on_stage("adapter", step, 0))
    inner = [pool for pool in pools if pool.asked.part == "inner"]
    return learned and _sized(learned, inner, vectors, weights, service.settings.rerank_candidates)


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


def _vectors(service: Service, pools: Sequence[Pool], labels: Sequence[Labels]) -> Vectors:
    """The dense vectors of all candidates: the union of the lists, in the store's half precision."""
    info = service.models.encoder.info
    keys = {key for pool in pools for key in pool.keys.tolist()} | {key for label in labels for key in label}
    return service.store.chunks.vectors(sorted(keys), info.name, info.revision)


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
