"""Reordering candidates: late interaction over stored token vectors, then the reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rag.models.late import maxsim
from rag.models.types import Floats, Reader
from rag.search.retrieve import Candidate, Candidates
from rag.store import Store
from rag.types import Hit, Part, Share


def rerank_late(found: Candidates, store: Store) -> Candidates:
    """Rescore by MaxSim (ColBERT, https://arxiv.org/abs/2004.12832) between query and stored token vectors.

    The new score is z(candidate score) + late_weight · z(MaxSim), the weight times the share of the query's
    tokens that the encoder knows; one without token vectors counts as average.
    """
    encoder = found.collection.encoder.info
    if found.encoded is None or found.encoded.tokens is None or len(found.items) < 2:
        return found
    weight = found.collection.config.late_weight * found.encoded.known
    blobs = store.chunks.token_vectors([item.key for item in found.items], encoder.name, encoder.revision)
    stored = [n for n, item in enumerate(found.items) if item.key in blobs]
    if len(stored) < 2:
        return found
    raw = maxsim(found.encoded.tokens, [blobs[found.items[n].key] for n in stored])
    late = dict(zip(stored, raw.tolist(), strict=True))
    return replace(found, items=_reordered(found.items, "late", late, weight))


def _reordered(
    items: Sequence[Candidate], stage: str, raw: Mapping[int, float], weight: float
) -> tuple[Candidate, ...]:
    """Candidates by their standardised score plus a stage's; the stage's own score and rank are noted."""
    before = standardised([item.score for item in items])
    added = np.zeros(len(items), np.float32)
    places = list(raw)
    added[places] = standardised([raw[n] for n in places])
    ranks = {n: rank for rank, n in enumerate(sorted(places, key=lambda n: -raw[n]), start=1)}
    shares = with_stage([item.shares for item in items], stage, weight, (weight * added).tolist())
    scored = [
        replace(
            item,
            score=float(before[n] + weight * added[n]),
            parts=_noted(item.parts, stage, raw, ranks, n),
            shares=shares[n],
        )
        for n, item in enumerate(items)
    ]
    return tuple(sorted(scored, key=lambda item: (-item.score, -item.key)))


def _noted(
    parts: Mapping[str, Part], stage: str, raw: Mapping[int, float], ranks: Mapping[int, int], n: int
) -> Mapping[str, Part]:
    return {**parts, stage: Part(raw[n], ranks[n])} if n in raw else parts


def standardised(scores: Sequence[float] | Floats) -> Floats:
    """Scores (n,) with mean 0 and standard deviation 1; zeros where they are all alike."""
    values = np.asarray(scores, np.float32)
    spread = float(values.std()) if len(values) else 0.0
    return (values - values.mean()) / spread if spread > 1e-9 else np.zeros_like(values)


def rerank_by_reader(
    question: str, hits: Sequence[Hit], reader: Reader, depth: int, weight: float
) -> list[Hit]:
    """Rescore hits by score + weight · the relevance logit that the reader gives to the first `depth`; those
    behind count like the least relevant one.

    The logit is not standardised: where all are irrelevant to the reader it has little to say. The sum is
    shown with the scores' deviation as its unit. Scores that Footnote has not made are standardised first.
    """
    if len(hits) < 2:
        return list(hits)
    read = reader.relevance(question, [hit.chunk.text for hit in hits[:depth]])
    logits = np.concatenate([read, np.full(len(hits) - len(read), read.min(), np.float32)])
    scores = [hit.score for hit in hits]
    unit = float(np.std(scores)) if all(hit.shares for hit in hits) else 1.0
    factor = weight * float(logits.std()) / (unit or 1.0)
    added = factor * standardised(logits.tolist())
    total = standardised(scores) + added
    shares = with_stage([hit.shares for hit in hits], "rerank", factor, added.tolist())
    ranks = {n: rank for rank, n in enumerate(np.argsort(-read, kind="stable").tolist(), start=1)}
    scored = [
        replace(
            hit,
            score=float(total[n]),
            parts=_noted(hit.parts, "rerank", dict(enumerate(read.tolist())), ranks, n),
            shares=shares[n],
        )
        for n, hit in enumerate(hits)
    ]
    return sorted(scored, key=lambda hit: -hit.score)


Shares = Mapping[str, Share]
Doubles = NDArray[np.float64]


def with_stage(before: Sequence[Shares], stage: str, weight: float, added: Sequence[float]) -> list[Shares]:
    """The shares of z(sum of `before`) + `added`, hit by hit; `added` is `weight` times standardised scores.

    Hits without shares (anyone's, reranked by the reader) have no more than the new one.
    """
    stages = list(dict.fromkeys(name for shares in before for name in shares))
    values = np.array([[_contribution(shares, name) for name in stages] for shares in before], np.float64)
    centred, spread = _standardised(values.reshape(len(before), len(stages)))
    weights = [_weight(before, name, spread, alone=len(stages) == 1) for name in stages]
    return [
        {
            **{name: Share(own, float(value)) for name, own, value in zip(stages, weights, row, strict=True)},
            stage: Share(weight, float(plus)),
        }
        for row, plus in zip(centred, added, strict=True)
    ]


def _contribution(shares: Shares, stage: str) -> float:
    return shares[stage].contribution if stage in shares else 0.0


def _standardised(values: Doubles) -> tuple[Doubles, float]:
    """Columns centred and divided by the deviation of the rows' sums; zeros where the sums are all alike."""
    spread = float(values.sum(axis=1).std()) if values.size else 0.0
    if spread <= 1e-9:
        return np.zeros_like(values), 0.0
    return (values - values.mean(axis=0)) / spread, spread


def _weight(before: Sequence[Shares], stage: str, spread: float, *, alone: bool) -> float:
    """The factor of the stage's standardised score; a single stage is standardised itself."""
    if not spread or alone:
        return 1.0 if spread else 0.0
    return next(shares[stage].weight for shares in before if stage in shares) / spread
