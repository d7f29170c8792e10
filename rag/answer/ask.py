"""The whole way from a question to its checked answer, top to bottom: `Answerer.answer`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from itertools import zip_longest
from time import perf_counter

from rag.answer.check import check
from rag.answer.cite import cite
from rag.answer.draft import Draft
from rag.answer.events import Emit, Event, HitsEvent, TokenEvent, streamed
from rag.answer.finish import abstention, finish
from rag.answer.followup import check_history, rewrite
from rag.answer.question import parts_of, standing_alone
from rag.answer.read import Extractor, Thresholds, fall_back, read, unread
from rag.answer.select import threshold
from rag.answer.tables import with_header
from rag.answer.write import Generator, write
from rag.errors import Conflict, InvalidInput, NotFound
from rag.models.loaded import Lazy, Models
from rag.models.registry import SHIPPED
from rag.search.collection import OpenCollection
from rag.search.retrieve import Candidates, distinct
from rag.search.searcher import Searcher, check_query
from rag.settings import LONGEST_QUESTION, Settings
from rag.store import Store
from rag.text.language import unread_language
from rag.types import Answer, AnswerMode, CheckPolicy, Filter, Hit, Query, Turn

_SPARE = 3
"""Passages fetched beyond those wanted, as copies of one another are set aside."""
READ = 8
"""Passages that are read at least: five give fewer right answers, twelve no more (docs/log.md)."""
READ_MORE = 2
"""Passages read beyond READ for each of the questions in a question."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A question with everything that the caller chose; `check` None leaves the policy to the settings.

    `history` has the conversation's earlier turns, oldest first.
    """

    question: str
    collection: str
    k: int = 5
    mode: AnswerMode = "auto"
    check: CheckPolicy | None = None
    filters: Filter | None = None
    history: tuple[Turn, ...] = ()

    @property
    def query(self) -> Query:
        """The search for passages to answer from."""
        return Query(self.question, self.collection, self.k, self.filters)

    @property
    def queries(self) -> tuple[Query, ...]:
        """The searches: one for the question, and one for each of the questions in it."""
        parts = parts_of(self.question)
        alone = standing_alone(parts) if len(parts) > 1 else ()
        return self.query, *(replace(self.query, text=part) for part in alone)


Between = Callable[[Ask, Sequence[Hit]], Sequence[Hit]]
"""A user's step between retrieval and answer: the passages to answer from instead of these, best first."""


class Answerer:
    """Answers questions from the collections of one store; safe to share between threads."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        models: Models,
        searcher: Searcher,
        between: Between | None = None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._models = models
        self._searcher = searcher
        self._between = between
        self._generator: Lazy[Generator] = Lazy(lambda: _open_llm(settings))
        self._pool = ThreadPoolExecutor(settings.max_concurrent, thread_name_prefix="footnote-ask")

    def answer(
        self, ask: Ask, emit: Emit = lambda event: None, collection: OpenCollection | None = None
    ) -> Answer:
        """Answer with footnotes and verdicts, or abstain with a reason and the closest passages.

        A follow-up question is searched and read with what its history says that it leaves out. The k best
        passages come with the answer; an LLM writes from these, quotes are of the first READ.

        `emit` is told of the passages and of the tokens that an LLM writes; `collection` is given by who has
        opened it already. Raises NotFound `collection_not_found`, InvalidInput `empty_query`, `invalid_k`,
        `question_too_long` and `invalid_history`, Conflict `no_generator`.
        """
        started = perf_counter()
        opened = collection or self.open(ask)
        if not opened.chunks:
            return abstention("empty_collection", started)
        corrected = self._searcher.corrected(ask.question, opened)
        question = corrected.read if corrected else ask.question
        rewritten = rewrite(question, ask.history)
        question = rewritten or question
        ask = replace(ask, question=question)
        # a document's text is wanted for each of its passages, and for each part of the question
        extractor = Extractor(self._models.reader, opened.encoder, cache(self._text))
        policy = ask.check or self._settings.check
        checker = self._models.checker if policy != "off" else None
        candidates = [self._searcher.retrieve(query, opened) for query in ask.queries]
        draft = Draft().timed("retrieve", started)
        hits, draft = self._rerank(ask, candidates, draft)
        first = hits[: ask.k]
        emit(HitsEvent(first))
        legible = self._is_legible(question)
        if not legible:
            draft = unread(draft, self._settings.reader)
        elif ask.mode != "generative":
            draft = read(question, hits, draft, extractor, self._thresholds(ask))
        generator = self.generator if ask.mode != "extractive" else None
        if generator is not None and not draft.claims:
            draft = write(question, first, draft, generator, lambda text: emit(TokenEvent(text)))
            if draft.written is None and legible:
                draft = fall_back(question, hits, draft, extractor, self.thresholds)
        shown = first if draft.written is not None else hits
        draft = cite(question, shown, draft, checker)
        if checker is not None:
            draft = check(question, shown, draft, policy, checker, generator)
        return replace(finish(draft, hits, ask.k, started), corrected=corrected, rewritten=rewritten)

    def events(self, ask: Ask) -> Iterator[Event]:
        """The same, as it happens: hits, tokens, sentences and citations, and last the whole answer.

        What `answer` raises at once is raised by this call, not by the iterator. Closing the iterator stops
        the work at the next token.
        """
        opened = self.open(ask)
        return streamed(self._pool, lambda emit: self.answer(ask, emit, opened))

    def open(self, ask: Ask) -> OpenCollection:
        """The collection of a question that can be asked; raises as `answer`."""
        if len(ask.question) > LONGEST_QUESTION:
            raise InvalidInput(
                f"A question has at most {LONGEST_QUESTION} characters.", code="question_too_long"
            )
        check_history(ask.history)
        if ask.mode == "generative" and not self._settings.llm_configured:
            raise Conflict("No LLM server is configured; set FOOTNOTE_LLM_URL.", code="no_generator")
        check_query(ask.query)
        return self._searcher.open(ask.collection)

    @property
    def generator(self) -> Generator | None:
        """The LLM, or None where the settings name none."""
        return self._generator.get() if self._settings.llm_configured else None

    @property
    def thresholds(self) -> Thresholds:
        """What the confidence of a quoted answer has to reach: the setting, or what gives as many right
        answers as the settings ask for.
        """
        least = self._settings.answer_threshold
        if least is None:
            least = threshold(self._settings.answer_accuracy)
        return Thresholds(least, max(least, self._settings.reader_alone))

    def warm(self) -> None:
        """Open the LLM's client in the background, which takes seconds of imports."""
        self._pool.submit(lambda: self.generator)

    def close(self) -> None:
        """Stop the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _is_legible(self, question: str) -> bool:
        """Whether the reader can read the question's language; of a reader that was not shipped nothing is
        known.
        """
        return self._settings.reader not in SHIPPED or unread_language(question) is None

    def _thresholds(self, ask: Ask) -> Thresholds:
        """Without an LLM to ask instead, the reader need not be surer than for any answer."""
        least = self.thresholds
        alone = ask.mode == "extractive" or not self._settings.llm_configured
        return Thresholds(least.answer, least.answer) if alone else least

    def _rerank(
        self, ask: Ask, candidates: Sequence[Candidates], draft: Draft
    ) -> tuple[tuple[Hit, ...], Draft]:
        """The best passages, at least k and READ of them, none twice, with the headers that their tables
        lack; then the user's step. Those of several searches take turns, READ_MORE for each further one.
        """
        started = perf_counter()
        most = max(ask.k, READ + READ_MORE * (len(candidates) - 1))
        ranked = [self._searcher.hits(one, most + _SPARE) for one in candidates]
        turns = [hit for turn in zip_longest(*ranked) for hit in turn if hit is not None]
        found = distinct(turns)[:most]
        hits = tuple(with_header(hit, self._text) for hit in found)
        if self._between is not None:
            hits = tuple(self._between(ask, hits))
        return hits, draft.timed("rerank", started)

    def _text(self, document_id: str) -> str:
        """A document's text; empty for one that is gone, or that only the user's step knows."""
        try:
            return self._store.documents.text(document_id)
        except NotFound:
            return ""


def _open_llm(settings: Settings) -> Generator:
    from rag.answer.llm import open_llm  # loads Haystack and an LLM's client, seconds

    return open_llm(settings)
