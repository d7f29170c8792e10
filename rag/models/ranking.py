"""Relevance of any texts to a query from the encoder alone, for texts that no collection holds.

One pass over each text gives its dense vector and its token vectors; cosine, MaxSim and BM25 over the given
texts are weighted and added. A cross-encoder of this size costs as much and ranks worse (docs/log.md).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import log

import numpy as np

from rag.models.claims import words_of
from rag.models.late import maxsim
from rag.models.types import EncodedPassage, EncodedQuery, Encoder, Floats, ModelInfo
from rag.text.words import STOP_WORDS

_MAX_WINDOWS = 4  # of a long text: what comes later is rarely what it is about


@dataclass(frozen=True, slots=True)
class RelevanceWeights:
    """Logit of relevance: dense · cosine + late · MaxSim + lexical · z(BM25) + bias, fitted by
    `lab.recipes.encoder.fit`.
    """

    dense: float
    late: float
    lexical: float
    bias: float


UNFITTED = RelevanceWeights(8.0, 16.0, 0.5, -10.0)
"""For encoders without weights of their own, by the usual spread of cosines: an order, hardly a chance."""


class TextRanker:
    """Orders texts by an encoder's view of them and of the query."""

    def __init__(self, encoder: Encoder, weights: RelevanceWeights) -> None:
        self._encoder = encoder
        self._weights = weights

    @property
    def info(self) -> ModelInfo:
        """Of the encoder that does the work."""
        return self._encoder.info

    def relevance(self, query: str, texts: Sequence[str]) -> Floats:
        """Logits of relevance (n,): comparable between queries but for the lexical part."""
        features = ranking_features(self._encoder, query, texts)
        weights = self._weights
        return np.asarray(
            features @ np.array([weights.dense, weights.late, weights.lexical], np.float32) + weights.bias,
            np.float32,
        )


def ranking_features(encoder: Encoder, query: str, texts: Sequence[str]) -> Floats:
    """[n,3]: cosine and MaxSim of each text's best window, standardised BM25 of the whole text."""
    windows = [_windows(encoder, text) for text in texts]
    asked = encoder.encode_queries([query])[0]
    found = encoder.encode_passages([window for part in windows for window in part])
    ends = list(accumulate(len(part) for part in windows))
    spans = zip([0, *ends], ends, strict=False)
    parts = [_best(asked, found[start:end]) for start, end in spans]
    lexical = bm25(query, texts)
    spread = max(float(lexical.std()), 1e-6)
    standard = (lexical - lexical.mean()) / spread
    return np.column_stack([np.array(parts, np.float32).reshape(-1, 2), standard]).astype(np.float32)


def _best(asked: EncodedQuery, windows: Sequence[EncodedPassage]) -> tuple[float, float]:
    dense = max(float(asked.dense @ window.dense) for window in windows)
    if asked.tokens is None:
        return dense, 0.0
    return dense, float(maxsim(asked.tokens, [window.tokens or b"" for window in windows]).max())


def _windows(encoder: Encoder, text: str) -> list[str]:
    """The text in parts that fit the encoder, cut between tokens."""
    size = encoder.info.max_tokens - 2
    spans = encoder.token_spans(text)
    if len(spans) <= size:
        return [text]
    starts = range(0, min(len(spans), _MAX_WINDOWS * size), size)
    return [text[spans[at][0] : spans[min(at + size, len(spans)) - 1][1]] for at in starts]


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
