"""How near a claim stands to its evidence in the encoder's vectors, as whole texts and token by token.

A net that was trained on judged pairs knows its own kinds of text best; the encoder has read far more, so
that what it finds alike carries over to fields that the net never saw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rag.models.types import EncodedQuery, Encoder, Floats

FEATURES = ("cosine", "maxsim", "weakest")
WEAKEST = 3


@dataclass(frozen=True, slots=True)
class Likeness:
    """The features of a claim against its evidence, in the order of FEATURES, and each claim token's best
    cosine to any token of the evidence [T].
    """

    features: tuple[float, ...]
    nearest: Floats


def similarity(claim: EncodedQuery, evidence: Sequence[EncodedQuery]) -> Likeness:
    """Compare a claim with its evidence windows.

    The features are the best cosine of the dense vectors; the mean over the claim's tokens of their best
    cosine to any token of the evidence (MaxSim, Khattab and Zaharia 2020, https://arxiv.org/abs/2004.12832);
    the mean over the three tokens that find least.
    """
    cosine = max(float(claim.dense @ item.dense) for item in evidence)
    there = np.concatenate([_tokens(item) for item in evidence])
    nearest = np.asarray((_tokens(claim) @ there.T).max(axis=1), np.float32)
    weakest = np.sort(nearest)[:WEAKEST]
    return Likeness((cosine, float(nearest.mean()), float(weakest.mean())), nearest)


def similarities(
    claims: Sequence[str], windows: Sequence[Sequence[str]], encoder: Encoder
) -> list[Likeness | None]:
    """Each claim against its own windows, None where it has none; every text is encoded once."""
    texts = list(dict.fromkeys([*claims, *(text for found in windows for text in found)]))
    known = dict(zip(texts, encoder.encode_queries(texts), strict=True))
    return [
        similarity(known[claim], [known[text] for text in found]) if found else None
        for claim, found in zip(claims, windows, strict=True)
    ]


def _tokens(item: EncodedQuery) -> Floats:
    """Unit token vectors without [CLS] and [SEP]; the dense vector's own marks where nothing else is there.

    Raises ValueError for an encoder without token vectors.
    """
    if item.tokens is None:
        raise ValueError("the checker needs an encoder with token vectors")
    inner = item.tokens[1:-1] if len(item.tokens) > 2 else item.tokens
    return np.asarray(inner / np.maximum(np.linalg.norm(inner, axis=1, keepdims=True), 1e-6), np.float32)
