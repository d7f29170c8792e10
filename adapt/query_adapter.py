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
from adapt.types import Candidates, OnStage
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
SCALES = (1.0, 0.5, 0.25)
"""Parts of the learned step that are tried; the best on the inner questions is kept."""


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Queries [N,D], their candidates' vectors [N,C,D] and labels [N,C] whose rows sum to 1.

    A row with fewer than C candidates is padded with zero vectors whose `mask` [N,C] is 0.
    """

    queries: Floats
    passages: Floats
    labels: Floats
    mask: Floats


@dataclass(slots=True)
class _Adam:
    first: Floats
    second: Floats

    def step(self, gradient: Floats, number: int) -> Floats:
        """Adam's move for this slope."""
        self.first += 0.1 * (gradient - self.first)
        self.second += 0.001 * (gradient**2 - self.second)
        mean, square = self.first / (1 - 0.9**number), self.second / (1 - 0.999**number)
        return np.asarray(RATE * mean / (np.sqrt(square) + 1e-8), np.float32)


def train(train: Examples, inner: Examples, seed: int, on_step: Callable[[int], None]) -> QueryAdapter | None:
    """The adapter with the lowest loss on `inner`; None when no step lowers it."""
    dimension = train.queries.shape[1]
    start = np.random.default_rng(seed).normal(0, dimension**-0.5, (dimension, RANK))
    now = QueryAdapter(start.astype(np.float32), np.zeros((RANK, dimension), np.float32))
    down, up = (_Adam(np.zeros_like(m), np.zeros_like(m)) for m in (now.down, now.up))
    best, lowest, worse = None, loss(inner, now), 0
    for number in range(1, STEPS + 1):
        gradient_down, gradient_up = gradients(train, now)
        now = QueryAdapter(now.down - down.step(gradient_down, number), now.up - up.step(gradient_up, number))
        if number % CHECK:
            continue
        on_step(number)
        present = loss(inner, now)
        best, lowest, worse = (now, present, 0) if present < lowest - 1e-5 else (best, lowest, worse + 1)
        if worse >= PATIENCE:
            break
    return best


def scaled(adapter: QueryAdapter, share: float) -> QueryAdapter:
    """The adapter with its step made smaller."""
    return QueryAdapter(adapter.down, np.asarray(share * adapter.up, np.float32))


def loss(examples: Examples, adapter: QueryAdapter) -> float:
    """Mean cross entropy, without the penalty."""
    _, _, chances = _forward(examples, adapter)
    return float(-(examples.labels * np.log(np.maximum(chances, 1e-9))).sum(axis=1).mean())


def gradients(examples: Examples, adapter: QueryAdapter) -> tuple[Floats, Floats]:
    """Gradients of the loss with the penalty by `down` and `up`."""
    length, pointing, chances = _forward(examples, adapter)
    gap = SCALE * (chances - examples.labels)
    by_pointing = np.einsum("nc,ncd->nd", gap, examples.passages)
    along = (by_pointing * pointing).sum(axis=1, keepdims=True)
    by_step = (by_pointing - along * pointing) / length
    low = examples.queries @ adapter.down
    by_step = (by_step + 2 * PENALTY * (low @ adapter.up)) / len(examples.queries)
    by_up = low.T @ by_step
    by_down = examples.queries.T @ (by_step @ adapter.up.T)
    return np.asarray(by_down, np.float32), np.asarray(by_up, np.float32)


def _forward(examples: Examples, adapter: QueryAdapter) -> tuple[Floats, Floats, Floats]:
    """Lengths [N,1] and directions [N,D] of the moved queries, and the candidates' probabilities [N,C]."""
    moved = examples.queries + (examples.queries @ adapter.down) @ adapter.up
    length = np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9)
    pointing = moved / length
    logits = SCALE * np.einsum("nd,ncd->nc", pointing, examples.passages) + np.where(
        examples.mask > 0, 0, -1e9
    )
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return length, pointing, np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float32)


CANDIDATES = 32

Vectors = dict[int, Floats]


def learn(
    service: Service,
    candidate_lists: Sequence[Candidates],
    labels: Sequence[Labels],
    weights: Weights,
    seed: int,
    on_stage: OnStage,
) -> QueryAdapter | None:
    """An adapter from the questions to train on, as large a step as helps those of the inner split.

    None when none helps.
    """
    vectors = _vectors(service, candidate_lists, labels)
    found: dict[str, Examples] = {}
    for split in ("train", "inner"):
        rows = [pair for pair in zip(candidate_lists, labels, strict=True) if pair[0].question.split == split]
        if not rows:
            return None
        found[split] = examples([candidates for candidates, _ in rows], [label for _, label in rows], vectors)
    learned = train(found["train"], found["inner"], seed, lambda step: on_stage("adapter", step, 0))
    inner = [candidates for candidates in candidate_lists if candidates.question.split == "inner"]
    return learned and _sized(learned, inner, vectors, weights, service.settings.rerank_candidates)


def examples(candidate_lists: Sequence[Candidates], labels: Sequence[Labels], vectors: Vectors) -> Examples:
    """What is labelled first, then the best other candidates, up to CANDIDATES for each question."""
    dimension = len(candidate_lists[0].query)
    passages = np.zeros((len(candidate_lists), CANDIDATES, dimension), np.float32)
    wanted = np.zeros((len(candidate_lists), CANDIDATES), np.float32)
    mask = np.zeros_like(wanted)
    for row, (candidates, label) in enumerate(zip(candidate_lists, labels, strict=True)):
        keys = [key for key in _candidates(candidates, label) if key in vectors][:CANDIDATES]
        passages[row, : len(keys)] = [vectors[key] for key in keys]
        mask[row, : len(keys)] = 1
        wanted[row, : len(keys)] = [label.get(key, 0.0) for key in keys]
    wanted /= np.maximum(wanted.sum(axis=1, keepdims=True), 1e-9)
    return Examples(
        np.array([candidates.query for candidates in candidate_lists], np.float32), passages, wanted, mask
    )


def _candidates(candidates: Candidates, label: Labels) -> list[int]:
    """Keys, the labelled ones first; half of the others are the nearest, half the best by both searches."""
    nearest = candidates.keys[np.argsort(-candidates.dense, kind="stable")[: CANDIDATES // 2]].tolist()
    best = candidates.keys[np.argsort(-fused(candidates, 1.0), kind="stable")[:CANDIDATES]].tolist()
    return list(dict.fromkeys([*list(label)[: CANDIDATES // 2], *nearest, *best]))


def _vectors(service: Service, candidate_lists: Sequence[Candidates], labels: Sequence[Labels]) -> Vectors:
    """The dense vectors of all candidates: the union of the lists, in the store's half precision."""
    info = service.models.encoder.info
    keys = {key for candidates in candidate_lists for key in candidates.keys.tolist()} | {
        key for label in labels for key in label
    }
    return service.store.chunks.vectors(sorted(keys), info.name, info.revision)


def _sized(
    learned: QueryAdapter, inner: Sequence[Candidates], vectors: Vectors, weights: Weights, depth: int
) -> QueryAdapter | None:
    """The adapter at the size that ranks the inner questions best; None when it ranks none of them better."""
    unmoved = _mean(inner, weights, depth)
    tried = [scaled(learned, share) for share in SCALES]
    scored = [
        _mean([_adapted(candidates, one, vectors) for candidates in inner], weights, depth) for one in tried
    ]
    best = int(np.argmax(scored))
    return tried[best] if scored[best] > unmoved else None


def _adapted(candidates: Candidates, adapter: QueryAdapter, vectors: Vectors) -> Candidates:
    query = adapter.apply(candidates.query[None])[0]
    dense = [float(vectors[key] @ query) if key in vectors else 0.0 for key in candidates.keys.tolist()]
    return replace(candidates, query=query, dense=np.array(dense, np.float32))


def _mean(candidate_lists: Sequence[Candidates], weights: Weights, depth: int) -> float:
    """nDCG@10 over the cached candidates."""
    ranks = [
        first_rank(candidates, fused(candidates, weights.lexical), weights.late, depth)
        for candidates in candidate_lists
    ]
    return float(np.mean([gain(rank) for rank in ranks]))
