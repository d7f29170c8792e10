"""How near a claim stands to its evidence in the encoder's vectors, as whole texts and token by token.

A net that was trained on judged pairs knows its own kinds of text best; the encoder has read far more, so
that what it finds alike carries over to fields that the net never saw.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rag.models.types import EncodedQuery, Floats

FEATURES = ("cosine", "maxsim", "weakest")
WEAKEST = 3


def similarity(claim: EncodedQuery, evidence: Sequence[EncodedQuery]) -> list[float]:
    """The features of a claim against its evidence windows, in the order of FEATURES.

    The best cosine of the dense vectors; the mean over the claim's tokens of their best cosine to any token
    of the evidence (MaxSim, Khattab and Zaharia 2020, https://arxiv.org/abs/2004.12832); the mean over the
    three tokens that find least.
    """
    cosine = max(float(claim.dense @ item.dense) for item in evidence)
    there = np.concatenate([_tokens(item) for item in evidence])
    found = np.sort((_tokens(claim) @ there.T).max(axis=1))
    return [cosine, float(found.mean()), float(found[:WEAKEST].mean())]


def _tokens(item: EncodedQuery) -> Floats:
    """Unit token vectors without [CLS] and [SEP]; the dense vector's own marks where nothing else is there.

    Raises ValueError for an encoder without token vectors.
    """
    if item.tokens is None:
        raise ValueError("the checker needs an encoder with token vectors")
    inner = item.tokens[1:-1] if len(item.tokens) > 2 else item.tokens
    return np.asarray(inner / np.maximum(np.linalg.norm(inner, axis=1, keepdims=True), 1e-6), np.float32)
