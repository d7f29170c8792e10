"""The engine: everything needed to search, answer and check, in one process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

from rag.answer.ask import Ask, empty, to_answer
from rag.answer.check import check_text, checked_draft
from rag.answer.events import Event
from rag.answer.flow import Candidates, Draft, Emit
from rag.answer.lazy import Lazy
from rag.answer.route import Thresholds
from rag.answer.stream import streamed
from rag.answer.write import Generator
from rag.errors import Conflict, IndexMismatch, InvalidInput
from rag.index import IndexManager
from rag.models.registry import Encoders, load_checker, load_encoder, load_ranker, load_reader
from rag.models.types import Checker, Encoder, Floats, Reader, ReadResult
from rag.search.explain import ExplainedChunk, Explainer, Unit, keyed, occlude, windows
from rag.search.learned import Profile, Profiles
from rag.search.rerank import RerankGate, rerank_by_reader, rerank_late
from rag.search.retrieve import Retriever, hydrate
from rag.settings import Settings
from rag.store import Store
from rag.types import Answer, AnswerMode, BoundEncoder, CheckPolicy, Collection, Filter, Hit, Query, Sentence

if TYPE_CHECKING:
    from haystack import Pipeline

_READER_CANDIDATES = 20
"""Hits that the reader rescores where a collection's gate admits it and the settings say no number."""
_LONGEST_QUESTION = 4000


class Engine:
    """One store, its index replicas and the small models; safe to share between threads.

    Models are loaded when first used, Haystack when first asked; `warm` does all of that now.
    """

    def __init__(
        self, settings: Settings, store: Store | None = None, gate: RerankGate | None = None
    ) -> None:
        self.settings = settings
        self.gate = gate or RerankGate()
        self._owns_store = store is None
        self.store = store or Store.open(settings.store_url)
        self._profiles = Profiles(self.store)
        workers = settings.max_concurrent
        self._lexical = ThreadPoolExecutor(workers, thread_name_prefix="footnote-lexical")
        self._asking = ThreadPoolExecutor(workers, thread_name_prefix="footnote-ask")
        self._encoder = Lazy(lambda: load_encoder(settings.encoder, settings))
        self._encoders = Encoders(settings, self._encoder.get)
        self._reader = Lazy(lambda: load_reader(settings.reader, settings))
        self._ranker = Lazy(lambda: load_ranker(settings.encoder, settings))
        self._checker = Lazy(lambda: load_checker(settings.checker, settings, self.encoder))
        self._indexes = Lazy(lambda: IndexManager(self.store, settings, self.encoder.info))
        self._generator: Lazy[Generator] = Lazy(lambda: _open_writer(settings))
        self._pipeline: Lazy[Pipeline] = Lazy(lambda: _build_pipeline(self))

    @property
    def encoder(self) -> Encoder:
        """The encoder of the settings: a new collection's."""
        return self._encoder.get()

    def encoder_of(self, collection: str) -> Encoder:
        """The encoder of the vectors that a collection is searched by now.

        Raises NotFound `collection_not_found`, IndexMismatch when it cannot be loaded.
        """
        spec = self.indexes.serving(collection)
        bound = None if spec is None else BoundEncoder(spec.model, spec.revision, spec.dimension)
        return self._encoders.bound(bound, collection)

    @property
    def reader(self) -> Reader:
        return self._reader.get()

    @property
    def checker(self) -> Checker:
        return self._checker.get()

    @property
    def indexes(self) -> IndexManager:
        return self._indexes.get()

    @property
    def generator(self) -> Generator | None:
        """The LLM, or None where the settings name none."""
        return self._generator.get() if self.settings.llm_url else None

    @property
    def pipeline(self) -> Pipeline:
        """The Haystack pipeline that `ask` runs."""
        return self._pipeline.get()

    @property
    def thresholds(self) -> Thresholds:
        """What the reader's probability has to reach.

        That is of the exact span. The sentence around it, which is quoted, is right more often, so the least
        is looked up by the share of right quotes that the settings ask for.
        """
        answer = self.settings.answer_threshold
        least = self.reader.threshold(self.settings.answer_accuracy) if answer is None else answer
        return Thresholds(least, max(least, self.settings.reader_alone))

    # searching

    def search(
        self, query: Query, *, rerank: bool = True, explain: bool = False
    ) -> tuple[list[Hit], dict[str, float]]:
        """The `query.k` best chunks and the milliseconds of each stage (retrieve, rerank, total).

        `explain` fills each hit's `terms`, `shares` and `explanation`. Raises NotFound
        `collection_not_found`, InvalidInput `empty_query` and `invalid_k`.
        """
        started = perf_counter()
        self._check_query(query)
        found = self.candidates(query)
        retrieved = perf_counter()
        hits = self.passages(found, query.k, rerank=rerank)
        ended = perf_counter()
        timings = {"retrieve": retrieved - started, "rerank": ended - retrieved, "total": ended - started}
        if explain:
            shown = self._explainer(found).explained(keyed(found, hits, self.store))
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
        self._check_query(query)
        key = self.store.chunks.key(query.collection, chunk_id)
        found = self.candidates(query)
        hits = self.passages(found, query.k, rerank=rerank)
        ranks = {hit.chunk.id: rank for rank, hit in enumerate(hits, start=1)}
        rank = ranks.get(chunk_id)
        hit = hits[rank - 1] if rank else Hit(*self.store.chunks.hydrate([key])[key], 0.0)
        (explained,) = self._explainer(found).explained({key: hit})
        text = hit.chunk.text
        return ExplainedChunk(explained, rank, occlude(self.reader, query.text, text, windows(unit, text)))

    def _explainer(self, found: Candidates) -> Explainer:
        info = found.encoder
        bound = None if info is None else BoundEncoder(info.name, info.revision, info.dimension or 0)
        encoder = self._encoders.bound(bound, found.query.collection)
        return Explainer(found.query, found.encoded, encoder, self.indexes, self.store)

    def _check_query(self, query: Query) -> Collection:
        if not query.text.strip():
            raise InvalidInput("The query is empty.", code="empty_query")
        if query.k < 1:
            raise InvalidInput("k must be at least 1.", code="invalid_k")
        return self.store.collections.get(query.collection)

    def profile(self, collection: str) -> Profile:
        """What was learned for the collection and is in force; raises NotFound `collection_not_found`."""
        return self._profiles.of(collection, self.encoder_of(collection).info)

    def candidates(self, query: Query, profile: Profile | None = None) -> Candidates:
        """First-stage search, for `passages` to reorder and read; `profile` to try another one out."""
        if query.mode == "lexical":  # takes no encoder, whether or not that of the collection is to be had
            return self._candidates(query, profile, self.encoder)
        encoder = self.encoder_of(query.collection)
        try:
            return self._candidates(query, profile, encoder)
        except IndexMismatch:
            now = self.encoder_of(query.collection)  # another one may have taken over meanwhile
            if now is encoder:
                raise
            return self._candidates(query, profile, now)

    def _candidates(self, query: Query, profile: Profile | None, encoder: Encoder) -> Candidates:
        learned = profile or self._profiles.of(query.collection, encoder.info)
        if learned.lexical_weight is None:
            learned = replace(learned, lexical_weight=self.settings.lexical_weight)
        retriever = Retriever(self.indexes, encoder, self._lexical, learned)
        return retriever.candidates(query, self.settings.rerank_candidates)

    def passages(
        self, found: Candidates, k: int, *, rerank: bool = True, profile: Profile | None = None
    ) -> list[Hit]:
        """The k best candidates with their text, reordered by what the collection's gate admits.

        Where some are gone, as their documents were just replaced, the search is made once more, so that the
        new versions are found instead of none.
        """
        hits, gone = self._passages(found, k, rerank, profile)
        if gone:
            hits, _ = self._passages(self.candidates(found.query, profile), k, rerank, profile)
        return hits

    def _passages(
        self, found: Candidates, k: int, rerank: bool, profile: Profile | None
    ) -> tuple[list[Hit], bool]:
        """The passages, and whether there are fewer than there were candidates."""
        collection = found.query.collection
        info = found.encoder or self.encoder.info
        learned = profile or self._profiles.of(collection, info)
        gate = learned.gate(collection, self.gate)
        if rerank and gate.late(collection):
            found = rerank_late(found, self.store, info.name, learned.late, info.revision)
        wanted = rerank and found.query.mode != "lexical"  # who asks for words alone gets their order
        depth = self._reader_depth(learned.reader, gate.reader(collection)) if wanted else 0
        hits = hydrate(self.store, found.items, max(k, depth))
        gone = len(hits) < min(max(k, depth), len(found.items))
        return rerank_by_reader(found.query.text, hits, self.reader, depth)[:k] if depth else hits, gone

    def _reader_depth(self, learned: bool | None, admitted: bool) -> int:
        """How many hits the reader rescores: as set, unless a gate has decided for the collection."""
        if learned is False:
            return 0
        return self.settings.reader_candidates or (_READER_CANDIDATES if admitted else 0)

    # answering

    def ask(
        self,
        question: str,
        collection: str,
        *,
        k: int = 5,
        mode: AnswerMode = "auto",
        check: CheckPolicy | None = None,
        filters: Filter | None = None,
    ) -> Answer:
        """Answer from at most k passages, with footnotes and verdicts, or abstain with a reason.

        Raises NotFound `collection_not_found`, InvalidInput `empty_query`, Conflict `no_generator`.
        """
        return self._answered(self._ask(question, collection, k, mode, check, filters), None)

    def ask_events(
        self,
        question: str,
        collection: str,
        *,
        k: int = 5,
        mode: AnswerMode = "auto",
        check: CheckPolicy | None = None,
        filters: Filter | None = None,
    ) -> Iterator[Event]:
        """The same, as it happens: hits, tokens, sentences and citations, and last the whole answer.

        What `ask` raises at once is raised by this call, not by the iterator. Closing the iterator stops the
        work at the next token.
        """
        ask = self._ask(question, collection, k, mode, check, filters)
        return streamed(self._asking, lambda emit: self._answered(ask, emit))

    def _ask(
        self,
        question: str,
        collection: str,
        k: int,
        mode: AnswerMode,
        check: CheckPolicy | None,
        filters: Filter | None,
    ) -> Ask:
        if len(question) > _LONGEST_QUESTION:
            raise InvalidInput(
                f"A question has at most {_LONGEST_QUESTION} characters.", code="question_too_long"
            )
        if mode == "generative" and not self.settings.llm_url:
            raise Conflict("No LLM server is configured; set FOOTNOTE_LLM_URL.", code="no_generator")
        chunks = self._check_query(Query(question, collection, k, filters)).chunks
        return Ask(question, collection, k, mode, check or self.settings.check, filters, empty=not chunks)

    def _answered(self, ask: Ask, emit: Emit | None) -> Answer:
        started = perf_counter()
        if ask.empty:
            return empty("empty_collection", started)
        from rag.answer.pipeline import run_pipeline  # loads Haystack, seconds

        draft, hits = run_pipeline(self.pipeline, ask, emit)
        return to_answer(draft, hits, started)

    def checked(self, question: str, hits: Sequence[Hit], draft: Draft, policy: CheckPolicy) -> Draft:
        """The draft with verdicts on its claims, and a policy applied to them."""
        if policy == "off":
            return draft
        return checked_draft(question, hits, draft, policy, self.checker, self.generator)

    # single models

    def read(self, question: str, passages: Sequence[str]) -> ReadResult:
        """Answer spans in any passages."""
        return self.reader.read(question, list(passages))

    def rank(self, query: str, texts: Sequence[str]) -> Floats:
        """Logits of relevance of any texts (n,), by the encoder."""
        return self._ranker.get().relevance(query, texts)

    def check(self, answer: str, context: Sequence[str], question: str | None = None) -> list[Sentence]:
        """A verdict on each sentence of any text against any passages."""
        return check_text(answer, context, self.checker, question)

    def warm(self) -> None:
        """Load the models, open the indexes and build the pipeline, so that no question waits for it."""
        haystack = self._asking.submit(
            lambda: (self.pipeline, self.generator)
        )  # seconds of imports, meanwhile …
        _ = self.indexes
        self.encoder.encode_queries(["warm"])
        self.reader.read("warm?", ["Warm."])
        self.checker.check(["Warm."], [["Warm."]])
        haystack.result()

    def close(self) -> None:
        """Stop the threads and close what this engine opened; a store that was handed in stays open."""
        self._asking.shutdown(wait=True, cancel_futures=True)
        self._lexical.shutdown(wait=True, cancel_futures=True)
        if self._indexes.made:
            self.indexes.close()
        if self._owns_store:
            self.store.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _open_writer(settings: Settings) -> Generator:
    from rag.answer.llm import open_writer  # loads Haystack and the wire, seconds

    return open_writer(settings)


def _build_pipeline(engine: Engine) -> Pipeline:
    from rag.answer.pipeline import build_pipeline  # loads Haystack, seconds

    return build_pipeline(engine)
