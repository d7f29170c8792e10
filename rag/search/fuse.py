"""Two rankings made one.

Reciprocal rank fusion needs no scores: Cormack, Clarke and Büttcher, SIGIR 2009,
https://doi.org/10.1145/1571941.1572114. The convex combination of standardised scores uses them: Bruch, Gai
and Ingber, TOIS 2023, https://arxiv.org/abs/2210.11934.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, pstdev

from rag.index.types import Fused, Scored
from rag.types import Share

RANK_CONSTANT = 60


def reciprocal_rank(rankings: Sequence[Sequence[Scored]]) -> list[Scored]:
    """Every chunk with its sum of 1 / (RANK_CONSTANT + rank) over the rankings; best first, ties by key."""
    scores: dict[int, float] = {}
    terms: dict[int, tuple[str, ...]] = {}
    for ranking in rankings:
        for rank, scored in enumerate(ranking, start=1):
            scores[scored.key] = scores.get(scored.key, 0.0) + 1 / (RANK_CONSTANT + rank)
            terms[scored.key] = terms.get(scored.key) or scored.terms
    fused = [Scored(key, score, terms[key]) for key, score in scores.items()]
    return sorted(fused, key=lambda scored: (-scored.score, scored.key))


def convex(
    dense: Sequence[Scored],
    lexical: Sequence[Scored],
    similarities: Mapping[int, float] | None = None,
    *,
    dense_weight: float,
    lexical_weight: float,
    absent: float | None = None,
) -> list[Fused]:
    """The union of both rankings by the weighted sum of scores that are standardised over it; ties by key.

    `similarities` are the dense scores of chunks that only `lexical` found (`DenseIndex.similarities`). A
    chunk without a score counts as the lowest one known: what was not among the first k scores no higher.
    `absent` is what it counts as in `lexical` instead, where that is known.
    """
    keys = sorted({scored.key for scored in (*dense, *lexical)})
    by_dense = {**(similarities or {}), **{scored.key: scored.score for scored in dense}}
    by_lexical = {scored.key: scored.score for scored in lexical}
    dense_part = _standardised(keys, by_dense)
    lexical_part = _standardised(keys, by_lexical, absent)
    dense_ranks, lexical_ranks = _ranks(dense), _ranks(lexical)
    terms = {scored.key: scored.terms for scored in lexical}
    fused = [
        Fused(
            key,
            dense_weight * dense_part[key] + lexical_weight * lexical_part[key],
            by_dense.get(key),
            dense_ranks.get(key),
            by_lexical.get(key),
            lexical_ranks.get(key),
            terms.get(key, ()),
            {
                "dense": Share(dense_weight, dense_weight * dense_part[key]),
                "lexical": Share(lexical_weight, lexical_weight * lexical_part[key]),
            },
        )
        for key in keys
    ]
    return sorted(fused, key=lambda candidate: (-candidate.score, candidate.key))


def _ranks(found: Sequence[Scored]) -> dict[int, int]:
    return {scored.key: rank for rank, scored in enumerate(found, start=1)}


def _standardised(
    keys: Sequence[int], scores: Mapping[int, float], absent: float | None = None
) -> dict[int, float]:
    """Zero mean and unit deviation over the keys; all zero when the scores do not differ."""
    known = [scores[key] for key in keys if key in scores]
    if not known:
        return dict.fromkeys(keys, 0.0)
    lowest = min(known) if absent is None else absent
    values = [scores.get(key, lowest) for key in keys]
    mean, deviation = fmean(values), pstdev(values)
    if deviation == 0:
        return dict.fromkeys(keys, 0.0)
    return {key: (value - mean) / deviation for key, value in zip(keys, values, strict=True)}
