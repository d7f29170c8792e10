"""A low-rank residual on the query vector, trained in NumPy: softmax over candidates with soft labels, Adam.

Start: `up` is zero, so the map is the identity. Loss: cross entropy between the labels and the softmax of
scaled cosines (InfoNCE, van den Oord et al. 2018, https://arxiv.org/abs/1807.03748), plus a penalty on how
far a query moves. Adam: Kingma and Ba 2015, https://arxiv.org/abs/1412.6980.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rag.answer.profile import QueryAdapter
from rag.models.types import Floats

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
