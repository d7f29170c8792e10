"""Search: from a query to its hits, and why each has its place."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import perf_counter

from rag.errors import InvalidInput
from rag.index import IndexManager
from rag.index.tantivy import Analyzer
from rag.models.loaded import Models
from rag.search.collection import OpenCollection
from rag.search.config import search_config
from rag.search.explain import ExplainedChunk, Explainer, Unit, keyed, occlude, windows
from rag.search.rerank import rerank_by_reader, rerank_late
from rag.search.retrieve import Candidates, hydrate, retrieve
from rag.search.spelling import Speller
from rag.search.tuning import Tuning, Tunings
from rag.settings import Settings
from rag.store import Store
from rag.text.language import foreign_language
from rag.types import BoundEncoder, Corrected, Hit, Mode, Query, Searched


class Searcher:
    """Searches the collections of one store; safe to share between threads."""

    def __init__(self, settings: Settings, store: Store, models: Models, indexes: IndexManager) -> None:
        self._settings = settings
        self._store = store
        self._models = models
        self._indexes = indexes
        self._tunings = Tunings(store)
        self._analyzer = Analyzer(settings.language)
        self._lexical = ThreadPoolExecutor(settings.max_concurrent, thread_name_prefix="footnote-lexical")

    def search(
        self, query: Query, *, rerank: bool = True, explain: bool = False
    ) -> tuple[list[Hit], dict[str, float]]:
        """The `query.k` best chunks and the milliseconds of each stage (retrieve, rerank, total).

        `explain` fills each hit's `terms`, `shares` and `explanation`. Raises NotFound
        `collection_not_found`, InvalidInput `empty_query` and `invalid_k`, IndexMismatch when the
        collection's encoder cannot be loaded.
        """
        check_query(query)
        return self._search(query, self.open(query.collection, query.mode), rerank, explain)

    def find(self, query: Query, *, rerank: bool = True, explain: bool = False) -> Searched:
        """As `search`, for a query that somebody typed: with its typos mended, where it has any, and the
        fields of its filter that no document has.
        """
        check_query(query)
        opened = self.open(query.collection, query.mode)
        corrected = self.corrected(query.text, opened)
        read = replace(query, text=corrected.read) if corrected else query
        unknown = opened.unknown_fields(query.filters) if query.filters else []
        return Searched(*self._search(read, opened, rerank, explain), corrected, tuple(unknown))

    def corrected(self, text: str, collection: OpenCollection) -> Corrected | None:
        """How a question's typos are read in a collection; None where there are none, where the collection's
        index keeps no words, or the settings want none mended. Only English is read so.
        """
        mended = self._settings.correct_typos and foreign_language(text) is None
        vocabulary = collection.vocabulary() if mended else None
        read = Speller(vocabulary).corrected(text) if vocabulary else text
        return Corrected(text, read) if read != text else None

    def _search(
        self, query: Query, collection: OpenCollection, rerank: bool, explain: bool
    ) -> tuple[list[Hit], dict[str, float]]:
        started = perf_counter()
        found = self.retrieve(query, collection)
        retrieved = perf_counter()
        hits = self.hits(found, query.k, rerank=rerank)
        ended = perf_counter()
        timings = {"retrieve": retrieved - started, "rerank": ended - retrieved, "total": ended - started}
        if explain:
            shown = self._explainer(found).explained(keyed(found, hits, self._store))
        else:
            shown = [replace(hit, terms=(), shares={}) for hit in hits]
        return shown, {stage: seconds * 1000 for stage, seconds in timings.items()}

    def explain(
        self, query: Query, chunk_id: str, *, rerank: bool = True, unit: Unit = "words"
    ) -> ExplainedChunk:
        """Why this chunk has its place among the hits, or none, and which of its words the reader heeds.

        Costs a pass of the reader for every window of words (or sentence), 48 at most. Raises as `search`,
        and NotFound `chunk_not_found`.
        """
        check_query(query)
        key = self._store.chunks.key(query.collection, chunk_id)
        found = self.retrieve(query, self.open(query.collection, query.mode))
        hits = self.hits(found, query.k, rerank=rerank)
        ranks = {hit.chunk.id: rank for rank, hit in enumerate(hits, start=1)}
        rank = ranks.get(chunk_id)
        hit = hits[rank - 1] if rank else Hit(*self._store.chunks.hydrate([key])[key], 0.0)
        (explained,) = self._explainer(found).explained({key: hit})
        text = hit.chunk.text
        reading = occlude(self._models.reader, query.text, text, windows(unit, text))
        return ExplainedChunk(explained, rank, reading)

    def open(self, collection: str, mode: Mode = "hybrid", trial: Tuning | None = None) -> OpenCollection:
        """All that a request needs of its collection, from one look at its row; `trial` is a tuning to try
        out in place of the one in force.

        A search for words alone takes no encoder, whether or not that of the collection is to be had. Raises
        NotFound `collection_not_found`, IndexMismatch when the encoder cannot be loaded.
        """
        row = self._store.collections.get(collection)
        replica = self._indexes.open(row)
        if mode == "lexical" or replica is None:
            encoder = self._models.encoder
        else:
            spec = replica.spec
            bound = BoundEncoder(spec.model, spec.revision, spec.dimension)
            encoder = self._models.bound_encoder(bound, collection)
        tuning = self._tunings.of(row, encoder.info) if trial is None else trial
        config = search_config(self._settings, tuning)
        return OpenCollection(
            collection, row.version, row.chunks, replica, encoder, tuning, config, trial is not None
        )

    def retrieve(self, query: Query, collection: OpenCollection) -> Candidates:
        """First-stage search, for `hits` to reorder and read. Raises InvalidInput `invalid_filter`."""
        return retrieve(query, collection, self._lexical)

    def hits(self, found: Candidates, k: int, *, rerank: bool = True) -> list[Hit]:
        """The k best candidates with their text, reordered by the stages that the collection's config has.

        Where some are gone, as their documents were just replaced, the search is made once more, so that the
        new versions are found instead of none.
        """
        hits, gone = self._hits(found, k, rerank)
        if gone:
            query, before = found.query, found.collection
            now = self.open(before.name, query.mode, before.tuning if before.trial else None)
            hits, _ = self._hits(self.retrieve(query, now), k, rerank)
        return hits

    def close(self) -> None:
        """Stop the threads."""
        self._lexical.shutdown(wait=True, cancel_futures=True)

    def _hits(self, found: Candidates, k: int, rerank: bool) -> tuple[list[Hit], bool]:
        """The hits, and whether there are fewer than there were candidates."""
        config = found.collection.config
        if rerank and config.late_weight:
            found = rerank_late(found, self._store)
        wanted = rerank and found.query.mode != "lexical"  # who asks for words alone gets their order
        depth = config.reader_candidates if wanted else 0
        hits = hydrate(self._store, found.items, max(k, depth))
        gone = len(hits) < min(max(k, depth), len(found.items))
        if depth:
            reader = self._models.reader
            hits = rerank_by_reader(found.query.text, hits, reader, depth, config.reader_weight)[:k]
        return hits, gone

    def _explainer(self, found: Candidates) -> Explainer:
        return Explainer(found, self._store, self._analyzer)


def check_query(query: Query) -> None:
    """Raises InvalidInput `empty_query` and `invalid_k`."""
    if not query.text.strip():
        raise InvalidInput("The query is empty.", code="empty_query")
    if query.k < 1:
        raise InvalidInput("k must be at least 1.", code="invalid_k")
