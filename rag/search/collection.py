"""What one request needs of its collection, resolved once at its start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.index.filters import RESERVED, checked, keys
from rag.index.replica import Replica
from rag.index.types import Scored, TermScore
from rag.index.vocabulary import Vocabulary
from rag.models.types import EncodedQuery, Encoder, Floats
from rag.search.config import SearchConfig
from rag.search.tuning import Tuning
from rag.types import Filter


@dataclass(frozen=True, slots=True, eq=False)
class OpenCollection:
    """A collection as a request found it: `version` is its last change, `chunks` how many it has.

    `replica` is its index, caught up as far as the time for it allowed, None while nothing was embedded;
    `encoder` made the vectors in it. `tuning` is what was learned and is in force (or, in a `trial`, what is
    tried), `config` the settings with that in their place. Another encoder that takes over meanwhile does not
    touch this one: its replica stays open for a while.
    """

    name: str
    version: int
    chunks: int
    replica: Replica | None
    encoder: Encoder
    tuning: Tuning
    config: SearchConfig
    trial: bool = False

    def encode(self, text: str) -> EncodedQuery:
        """The query's vectors; the dense one adapted to the collection, where that was learned."""
        encoded = self.encoder.encode_queries([text])[0]
        if self.config.adapter is None:
            return encoded
        return replace(encoded, dense=self.config.adapter.apply(encoded.dense[None])[0])

    def dense(self, vector: Floats, k: int, filters: Filter | None = None) -> list[Scored]:
        """The k nearest chunks by cosine; vector (dimension,) of unit length. Raises InvalidInput
        `invalid_filter`.
        """
        return [] if self.replica is None else self.replica.dense.dense(vector, k, checked(filters))

    def lexical(self, text: str, k: int, filters: Filter | None = None) -> list[Scored]:
        """The k best chunks by BM25 with the words that matched. Raises InvalidInput `invalid_filter`."""
        return [] if self.replica is None else self.replica.lexical.lexical(text, k, checked(filters))

    def unknown_fields(self, filters: Filter | None) -> list[str]:
        """The fields that a filter names and no document has, each once."""
        if filters is None or self.replica is None:
            return []
        named = dict.fromkeys(key for key in keys(filters) if key not in RESERVED)
        return [key for key in named if not self.replica.lexical.has_field(key)]

    def similarities(self, vector: Floats, keys: Sequence[int]) -> dict[int, float]:
        """Exact cosines of these chunks, as far as the replica has them."""
        return {} if self.replica is None or not keys else self.replica.dense.similarities(vector, keys)

    def term_scores(self, text: str, keys: Sequence[int]) -> dict[int, tuple[TermScore, ...]]:
        """What each word of the text adds to the BM25 scores of these chunks, as far as the replica has
        them.
        """
        return {} if self.replica is None or not keys else self.replica.lexical.term_scores(text, keys)

    def vocabulary(self) -> Vocabulary | None:
        """The words of the collection; None where nothing was embedded, or its index keeps none."""
        return None if self.replica is None else self.replica.lexical.vocabulary()
