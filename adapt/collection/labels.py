"""Soft labels of candidates by the reader, as in GPL (Wang et al. 2022, https://arxiv.org/abs/2112.07577).

A passage that answers as well as the one the question was made from is no negative; a question whose own
passage the reader does not rank high is no good question.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from adapt.collection.pools import fused
from adapt.collection.types import Budget, OnStage, Pool
from rag.answer.profile import DEFAULTS
from rag.models.types import Floats, Reader
from rag.store import Store

_OWN = 0.5
"""Part of the label that the question's own passage keeps, whatever the reader says."""
_GOOD_RANK = 3

Labels = Mapping[int, float]
"""Chunk key to its share of the label; the shares sum to 1."""


def label(
    pools: Sequence[Pool], store: Store, reader: Reader, budget: Budget, on_stage: OnStage
) -> list[Labels | None]:
    """The label of each pool's question; None for one that the reader finds no good question.

    The first `budget.labelled` synthetic ones are read; a user's own, and what is over the budget, are
    labelled by what is known.
    """
    made: list[Labels | None] = []
    room = budget.labelled
    for pool in pools:
        read = pool.asked.kind != "given" and room > 0
        made.append(_read(pool, store, reader, budget.candidates) if read else known(pool))
        room -= read
        on_stage("labels", len(made), len(pools))
    return made


def known(pool: Pool) -> Labels:
    """All of the label on the passages that are known to answer."""
    return dict.fromkeys(sorted(pool.asked.keys), 1 / len(pool.asked.keys))


def _read(pool: Pool, store: Store, reader: Reader, most: int) -> Labels | None:
    order = np.argsort(-fused(pool, DEFAULTS.lexical / DEFAULTS.dense), kind="stable")
    keys = list(dict.fromkeys([*sorted(pool.asked.keys), *pool.keys[order[:most]].tolist()]))
    found = store.hydrate(keys)
    logits = reader.relevance(pool.asked.text, [found[key][0].text for key in found])
    own = [place for place, key in enumerate(found) if key in pool.asked.keys]
    if not own or (logits > logits[own].max()).sum() >= _GOOD_RANK:
        return None
    shares = (1 - _OWN) * _softmax(logits)
    shares[own] += _OWN / len(own)
    return dict(zip(found, shares.tolist(), strict=True))


def _softmax(logits: Floats) -> Floats:
    raised = np.exp(logits - logits.max())
    return np.asarray(raised / raised.sum(), np.float32)
