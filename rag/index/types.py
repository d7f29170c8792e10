"""What an index replica is: it holds one collection, follows the change log, and can be thrown away."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rag.index.vocabulary import Vocabulary
from rag.types import Document, Filter, Share

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class IndexSpec:
    """What an index was built with; it refuses to open with any other, by name."""

    collection: str
    model: str
    revision: str
    dimension: int
    metric: str = "cosine"
    uid: str = ""
    """Which collection of which store: two that merely share a name differ in this."""
    generation: int = 0
    """How often the collection had changed its encoder: replicas of two generations stand side by side."""


@dataclass(frozen=True, slots=True)
class IndexedChunk:
    """A chunk as an index sees it: the store's key, its document, text for BM25, unit vector (dimension,)."""

    key: int
    document_id: str
    text: str
    vector: Floats


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes up to and including `position`: drop every chunk of `removed` documents, then add `added`.

    A replaced document stands in `removed` and, with its present chunks, in `added`. Applying a batch twice
    does no harm. `documents` holds the metadata of each added document, for filters.
    """

    position: int
    removed: tuple[str, ...]
    added: tuple[IndexedChunk, ...]
    documents: tuple[Document, ...]


@dataclass(frozen=True, slots=True)
class Scored:
    """A chunk key with its raw score, and for lexical scores the query terms that matched."""

    key: int
    score: float
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fused:
    """A candidate of two searches: its joint score, and of each its score (None: not known) and rank (None:
    not found). The contributions of `shares` add up to the score.
    """

    key: int
    score: float
    dense: float | None = None
    dense_rank: int | None = None
    lexical: float | None = None
    lexical_rank: int | None = None
    terms: tuple[str, ...] = ()
    shares: Mapping[str, Share] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReplicaStatus:
    """How far one replica of a collection is: `version` is where the log is, `position` the replica."""

    collection: str
    backend: str
    position: int
    version: int
    chunks: int
    detail: str = ""

    @property
    def current(self) -> bool:
        """Whether every change of the log is applied."""
        return self.position >= self.version


@dataclass(frozen=True, slots=True)
class TermScore:
    """What a word of the query adds to a chunk's BM25 score: `idf` · `tf` · `count` (Robertson and Zaragoza
    2009, https://doi.org/10.1561/1500000019).

    `count` is how often the query has it, `tf` its saturated frequency, (k1 + 1) · f / (f + k1 · (1 - b + b ·
    length / average length)).
    """

    stem: str
    word: str
    score: float
    count: int
    idf: float
    tf: float


class Index(Protocol):
    """Common to all replicas; safe to share between threads.

    Searches return the best first, equal scores in order of key, never more than `k` and never a dead chunk.
    """

    @property
    def spec(self) -> IndexSpec: ...

    @property
    def position(self) -> int:
        """The last change-log sequence applied; 0 when empty."""
        ...

    def apply(self, batch: Batch) -> None: ...

    def count(self) -> int:
        """Live chunks."""
        ...

    def flush(self) -> None:
        """Make the present state the one that the next open starts from."""
        ...

    def maintain(self) -> bool:
        """Do what housekeeping is due, however long it takes; searches and `apply` go on. Whether any was."""
        ...

    def close(self, *, save: bool = True) -> None:
        """Flush, unless what there is will be thrown away, and let go of files and threads."""
        ...


class DenseIndex(Index, Protocol):
    """Nearest neighbours by cosine."""

    def dense(self, vector: Floats, k: int, filters: Filter | None = None) -> list[Scored]: ...

    def similarities(self, vector: Floats, keys: Sequence[int]) -> dict[int, float]:
        """Exact cosines of these live chunks, so that fusion needs no guess for what only words found."""
        ...


class LexicalIndex(Index, Protocol):
    """BM25."""

    def lexical(self, text: str, k: int, filters: Filter | None = None) -> list[Scored]: ...

    def has_field(self, key: str) -> bool:
        """Whether any document has a value behind this metadata key."""
        ...

    def term_scores(self, text: str, keys: Sequence[int]) -> dict[int, tuple[TermScore, ...]]:
        """What each word of the query that these live chunks have adds to the score that `lexical` gives, in
        the query's order.
        """
        ...

    def vocabulary(self) -> Vocabulary | None:
        """The words of the chunks; None from a backend that keeps none."""
        ...


SLACK = 8


def exact_top(fetch: Callable[[int], list[Scored]], k: int, size: int) -> list[Scored]:
    """The first k of at most `size` chunks, whatever order the backend gives to equal scores.

    `fetch(n)` returns the backend's first n (fewer when there are no more) in no particular order among
    equals. It is asked for more until the k-th score is clearly above the last one, so that no tie is cut at
    random.
    """
    if k <= 0 or size <= 0:
        return []
    wanted = min(k + SLACK, size)
    while True:
        found = sorted(fetch(wanted), key=lambda scored: (-scored.score, scored.key))
        if len(found) < wanted or wanted >= size or found[k - 1].score > found[-1].score:
            return found[:k]
        wanted = min(wanted * 4, size)
