"""Which words of a claim the evidence does not support: the net's marks, smoothed by what the words and the
vectors say.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from tokenizers import Encoding

from rag.models.alignment import stem, words_of
from rag.models.types import Floats

FEATURES = (
    "net", "word_net", "missing", "far", "word_far", "near_net", "near_far", "claim_net", "claim_far",
)  # fmt: skip
NEIGHBOURS = 5


def mark_features(claim: str, item: Encoding, net: Floats, nearest: Floats, windows: Sequence[str]) -> Floats:
    """The features [T,F] of the claim's first T tokens in the order of FEATURES.

    `net` holds the net's logits of "not supported", `nearest` each token's best cosine to the evidence; both
    [T]. Each is read at the token, at its whole word (the worst token counts), over five neighbours and over
    the whole claim; `missing` is 1 where the word's stem stands in none of the evidence windows.
    """
    far = 1 - nearest
    words = np.array([-1 if word is None else word for word in item.word_ids[: len(net)]])
    there = {found for text in windows for found in words_of(text).stems}
    missing = [stem(claim[a:b].lower()) not in there for a, b in item.offsets[: len(net)]]
    columns = [
        net,
        _worst(net, words),
        np.array(missing, np.float32),
        far,
        _worst(far, words),
        _smooth(net),
        _smooth(far),
        np.full(len(net), net.mean()),
        np.full(len(net), far.mean()),
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def _worst(values: Floats, words: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Floats:
    return np.array([values[words == word].max() for word in words], np.float32)


def _smooth(values: Floats) -> Floats:
    full = np.convolve(values, np.ones(NEIGHBOURS) / NEIGHBOURS)
    start = NEIGHBOURS // 2
    return np.asarray(full[start : start + len(values)], np.float32)
