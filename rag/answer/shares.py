"""What each stage adds to a score, kept true through a ranking that standardises and sums.

Standardising is affine and a sum of shares is linear, so the shares of a standardised sum are the centred
shares over the sum's deviation: they add up to the new score exactly, without an offset left over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rag.types import Share

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
