"""Weights of BM25 and of late interaction beside the dense score, by a search over cached candidates.

The convex combination of standardised scores needs few labels (Bruch, Gai and Ingber 2023,
https://arxiv.org/abs/2210.11934). Of the weights that cannot be told from the best (one standard error),
those nearest to the present ones are taken, after the rule of Breiman et al. 1984.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from adapt.candidates import first_rank, fused, gain
from adapt.types import Candidates
from rag.models.types import Floats
from rag.search.config import DENSE_WEIGHT, LATE_WEIGHT, SearchConfig
from rag.settings import LEXICAL_WEIGHT

LEXICAL_STEPS = (0.0, 0.25, 0.5, 0.71, 1.0, 1.41, 2.0, 4.0)
LATE_STEPS = (0.0, 0.5, 1.0, 1.5, 2.0)
"""Multiples of the defaults that are tried."""
TRUSTED = 2.0
"""Synthetic questions may move a weight by this factor and no further: they are made of the passages' own
words, so they say less than real questions do."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights beside a dense weight of 1."""

    lexical: float
    late: float

    def distance(self, other: Weights) -> float:
        """How far from other weights, in doublings."""
        lexical = _log(self.lexical / DEFAULT_WEIGHTS.lexical) - _log(other.lexical / DEFAULT_WEIGHTS.lexical)
        return abs(lexical) + abs(
            _log(self.late / DEFAULT_WEIGHTS.late) - _log(other.late / DEFAULT_WEIGHTS.late)
        )


def of_config(config: SearchConfig) -> Weights:
    """The weights in force, scaled to a dense weight of 1."""
    return Weights(config.lexical_weight / config.dense_weight, config.late_weight)


DEFAULT_WEIGHTS = Weights(LEXICAL_WEIGHT / DENSE_WEIGHT, LATE_WEIGHT)


def grid(*, real: bool) -> list[Weights]:
    """The weights that are tried; without real questions only those near the defaults."""
    steps = [
        [step for step in of if real or 1 / TRUSTED <= step <= TRUSTED] for of in (LEXICAL_STEPS, LATE_STEPS)
    ]
    return [Weights(DEFAULT_WEIGHTS.lexical * a, DEFAULT_WEIGHTS.late * b) for a, b in product(*steps)]


def gains(candidate_lists: Sequence[Candidates], weights: Weights, depth: int) -> Floats:
    """nDCG@10 of each question's first right passage under these weights: [len(candidate_lists)]."""
    return np.array(
        [
            gain(first_rank(candidates, fused(candidates, weights.lexical), weights.late, depth))
            for candidates in candidate_lists
        ],
        np.float32,
    )


def choose(candidate_lists: Sequence[Candidates], present: Weights, *, real: bool, depth: int) -> Weights:
    """The weights nearest to the present ones that are within one standard error of the best."""
    tried = list(dict.fromkeys([present, *grid(real=real)]))
    table = np.array([gains(candidate_lists, weights, depth) for weights in tried])
    best = table[int(table.mean(axis=1).argmax())]
    behind = best - table
    error = behind.std(axis=1) / math.sqrt(max(1, len(candidate_lists)))
    near = [w for w, gap, se in zip(tried, behind.mean(axis=1), error, strict=True) if gap <= se]
    return min(near, key=present.distance)


def _log(ratio: float) -> float:
    return math.log2(max(ratio, 1 / 16))
