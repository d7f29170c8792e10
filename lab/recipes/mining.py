"""Hard negatives: paragraphs that look right by BM25 or by the dense score and do not hold the answer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse  # type: ignore[import-untyped]

from rag.text.words import STOP_WORDS, stem

Floats = npt.NDArray[np.float32]


def words(text: str) -> list[str]:
    """Lower-case words with a crude plural cut, enough for mining."""
    return [w[:-1] if len(w) > 3 and w.endswith("s") else w for w in re.findall(r"[a-z0-9]+", text.lower())]


def stemmed(text: str) -> list[str]:
    """Content words, stemmed: closer to a search engine's analysis."""
    return [stem(w) for w in re.findall(r"[a-z0-9]+", text.lower()) if w not in STOP_WORDS]


class Bm25:
    """BM25 (Robertson and Zaragoza 2009) over a fixed list of texts, as one sparse matrix."""

    def __init__(
        self,
        texts: Sequence[str],
        k1: float = 0.9,
        b: float = 0.4,
        analyse: Callable[[str], list[str]] = words,
    ) -> None:
        self._analyse = analyse
        counts = [Counter(analyse(text)) for text in texts]
        self._vocabulary = {w: i for i, w in enumerate(sorted({w for c in counts for w in c}))}
        lengths = np.array([max(1, sum(c.values())) for c in counts], np.float32)
        rows = np.array([d for d, c in enumerate(counts) for _ in c], np.int32)
        cols = np.array([self._vocabulary[w] for c in counts for w in c], np.int32)
        tf = np.array([n for c in counts for n in c.values()], np.float32)
        df = np.bincount(cols, minlength=len(self._vocabulary))
        idf = np.log(1 + (len(texts) - df + 0.5) / (df + 0.5))
        norm = k1 * (1 - b + b * lengths / lengths.mean())
        values = (idf[cols] * tf * (k1 + 1) / (tf + norm[rows])).astype(np.float32)
        self._matrix = sparse.csr_matrix((values, (cols, rows)), (len(self._vocabulary), len(texts)))

    def scores(self, queries: Sequence[str]) -> Floats:
        """[len(queries), len(texts)] scores."""
        pairs = [
            (q, self._vocabulary[w])
            for q, t in enumerate(queries)
            for w in self._analyse(t)
            if w in self._vocabulary
        ]
        rows, cols = (
            (np.array(pairs, np.int32).T) if pairs else (np.zeros(0, np.int32), np.zeros(0, np.int32))
        )
        shape = (len(queries), len(self._vocabulary))
        query = sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, cols)), shape)
        return np.asarray((query @ self._matrix).todense(), np.float32)


def standardise(scores: Floats, depth: int = 100) -> Floats:
    """Each row to mean 0 and deviation 1 over its `depth` best, so that two scorers can be added."""
    depth = min(depth, scores.shape[1])
    top = -np.partition(-scores, depth - 1, axis=1)[:, :depth]
    deviation = np.maximum(top.std(1, keepdims=True), 1e-6)
    return np.asarray((scores - top.mean(1, keepdims=True)) / deviation, np.float32)


def best(scores: Floats, k: int) -> npt.NDArray[np.int64]:
    """Indices of the `k` best columns of each row, best first; ties keep the lower index."""
    return np.argsort(-scores, axis=1, kind="stable")[:, :k]


def hybrid(dense: Floats, lexical: Floats, lexical_weight: float = 0.5) -> Floats:
    """Dense plus half of BM25, both standardised over the candidates."""
    return np.asarray(standardise(dense) + lexical_weight * standardise(lexical), np.float32)
