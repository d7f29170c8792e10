"""BM25 over a handful of texts that no index holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import log

import numpy as np

from rag.models.alignment import STOP_WORDS, words_of
from rag.models.types import Floats

K1 = 1.2
B = 0.75


def bm25(query: str, texts: Sequence[str]) -> Floats:
    """BM25 of each text (n,), with these texts as the whole collection (Robertson and Zaragoza 2009).

    Words are lower-cased and stemmed lightly; the query's stop words are dropped.
    """
    counts = [Counter(words_of(text).stems) for text in texts]
    sizes = [max(1, count.total()) for count in counts]
    mean = sum(sizes) / max(1, len(sizes))
    scores = np.zeros(len(texts), np.float32)
    for word, times in Counter(w for w in words_of(query).stems if w not in STOP_WORDS).items():
        holders = sum(word in count for count in counts)
        weight = times * log(1 + (len(texts) - holders + 0.5) / (holders + 0.5))
        for i, count in enumerate(counts):
            if found := count[word]:
                scores[i] += weight * found * (K1 + 1) / (found + K1 * (1 - B + B * sizes[i] / mean))
    return scores
