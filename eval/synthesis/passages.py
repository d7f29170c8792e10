"""The passages that questions are made of, in an order that spreads them over the documents."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eval.synthesis.lexicon import Lexicon
from eval.synthesis.types import Passage
from rag.errors import InvalidInput
from rag.store import Store

_MOST_DOCUMENTS = 2000


@dataclass(frozen=True)
class Source:
    """A collection's documents, in an order of chance, each with its passages, and what its words are."""

    collection: str
    documents: tuple[tuple[Passage, ...], ...]
    lexicon: Lexicon

    def spread(self, seed: int) -> Iterator[Passage]:
        """One passage of every document, then a second one of each, and so on."""
        shuffled: list[list[Passage]] = []
        for passages in self.documents:
            own = list(passages)
            random.Random(f"{seed} {own[0].document.id}").shuffle(own)
            shuffled.append(own)
        for turn in range(max(map(len, shuffled))):
            yield from (own[turn] for own in shuffled if turn < len(own))


def source_of(store: Store, collection: str, seed: int) -> Source:
    """The searchable passages in which curation found nothing. Of a very large collection a sample.

    Raises NotFound `collection_not_found`, InvalidInput `collection_empty`.
    """
    store.collections.get(collection)
    records = [
        record.document for record in store.documents.every(collection, status="ready") if record.chunks
    ]
    random.Random(seed).shuffle(records)
    documents = []
    for document in records[:_MOST_DOCUMENTS]:
        chunks = [chunk for chunk in store.chunks.of(document.id) if not chunk.findings]
        if chunks:
            documents.append(tuple(Passage(chunk, document) for chunk in chunks))
    if not documents:
        raise InvalidInput(f"{collection} has no passage to ask about.", code="collection_empty")
    return Source(collection, tuple(documents), Lexicon.of(_texts(documents)))


def _texts(documents: Sequence[Sequence[Passage]]) -> list[list[str]]:
    return [[passage.text for passage in passages] for passages in documents]
