"""Search in this process, as a whole, in its halves and stage by stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TypeVar

import numpy as np

from lab.bench.speed.baseline import Indexes
from lab.bench.speed.results import Figure, Plan
from lab.bench.speed.timing import (
    Recorded,
    fitting,
    in_turns,
    latency_figure,
    mean_tokens,
    replay,
    with_passes,
)
from rag.answer.ask import Ask
from rag.index.tantivy import Analyzer
from rag.models.late import unpack
from rag.models.types import EncodedQuery, Floats
from rag.search.fuse import convex
from rag.search.rerank import rerank_by_reader, rerank_late
from rag.search.retrieve import Candidates, hydrate
from rag.service import Service
from rag.types import Query

T = TypeVar("T")
K = 10  # hits of a search, as the API gives by default
ALONE = "encoder forward, FAISS and Tantivy alone"
TOGETHER = "the stages together"


@dataclass(frozen=True, slots=True)
class PreparedQuery:
    """A query in every form that a baseline takes."""

    text: str
    words: str
    encoded: EncodedQuery


def prepared(service: Service, queries: Sequence[str]) -> list[PreparedQuery]:
    """The queries with their vectors, and with the words that the product looks up."""
    analyzer = Analyzer(service.settings.language)
    return [
        PreparedQuery(
            text,
            " ".join(term.word for term in analyzer.terms(text)),
            service.models.encoder.encode_queries([text])[0],
        )
        for text in queries
    ]


def search_figures(
    service: Service,
    collection: str,
    baseline: Indexes,
    asked: Sequence[PreparedQuery],
    plan: Plan,
    at: Mapping[str, int],
) -> list[Figure]:
    """Dense, lexical, late interaction, hybrid without and with reranking."""
    count = service.settings.rerank_candidates

    def dense(one: PreparedQuery) -> object:
        return service.searcher.open(collection).dense(one.encoded.dense, count)

    def lexical(one: PreparedQuery) -> object:
        return service.searcher.open(collection, "lexical").lexical(one.text, count)

    faiss = (baseline.dense_name, lambda one: baseline.dense.search(one.encoded.dense, count))
    tantivy = ("Tantivy alone", lambda one: baseline.lexical.search(one.words, count))
    found = [
        in_turns("search", f"dense, best {count}", dense, faiss, fitting(dense, asked, plan), plan, at),
        in_turns(
            "search", f"lexical, best {count}", lexical, tantivy, fitting(lexical, asked, plan), plan, at
        ),
        *_late(service, collection, asked, plan, at),
    ]
    for rerank, name, base in (
        (False, "hybrid, not reranked", ALONE),
        (True, "hybrid, reranked by the reader", ALONE.replace("encoder", "encoder and reader")),
    ):
        found.append(_whole(service, collection, baseline, asked, plan, at, rerank, name, base))
    return found


def _whole(
    service: Service,
    collection: str,
    baseline: Indexes,
    asked: Sequence[PreparedQuery],
    plan: Plan,
    at: Mapping[str, int],
    rerank: bool,
    name: str,
    base: str,
) -> Figure:
    count = service.settings.rerank_candidates

    def ours(one: PreparedQuery) -> object:
        return service.searcher.search(Query(one.text, collection, K), rerank=rerank)

    def alone(item: Recorded) -> None:
        baseline.dense.search(item.item.encoded.dense, count)
        baseline.lexical.search(item.item.words, count)
        replay(item)

    items = with_passes(ours, fitting(ours, asked, plan))
    notes = mean_tokens(items)
    return in_turns("search", name, lambda item: ours(item.item), (base, alone), items, plan, at, notes)


def _late(
    service: Service, collection: str, asked: Sequence[PreparedQuery], plan: Plan, at: Mapping[str, int]
) -> list[Figure]:
    """Late interaction of the candidates beside the same sums in single precision over vectors in memory."""
    name = service.models.encoder.info.name
    if asked[0].encoded.tokens is None:
        return []

    def late(item: tuple[Candidates, Floats | None, list[Floats]]) -> object:
        return rerank_late(item[0], service.store)

    items = []
    for one in asked[:10]:  # the vectors of a hundred passages, ten times over, are megabytes
        candidates = service.searcher.retrieve(
            Query(one.text, collection, K), service.searcher.open(collection)
        )
        blobs = service.store.chunks.token_vectors([item.key for item in candidates.items], name)
        items.append((candidates, one.encoded.tokens, [unpack(blob) for blob in blobs.values()]))
    base = ("NumPy alone, in memory", lambda item: _maxsim(item[1], item[2]))
    chosen = fitting(late, items, plan)
    return [in_turns("search", "late interaction", late, base, chosen, plan, at)]


def _maxsim(query: Floats | None, passages: Sequence[Floats]) -> Floats:
    assert query is not None
    ends = np.cumsum([0, *(len(passage) for passage in passages)])[:-1]
    best = np.maximum.reduceat(query @ np.concatenate(passages).T, ends, axis=1)
    return np.asarray(best.mean(axis=0), np.float32)


def stage_figures(
    service: Service, collection: str, asked: Sequence[PreparedQuery], plan: Plan, at: Mapping[str, int]
) -> list[Figure]:
    """Each stage of a search, one after the other, beside their sum; and those of `ask` as it reports
    them.
    """
    return [
        *_staged("search", lambda one: _stages(service, collection, one), asked, plan, at),
        *_staged("ask", lambda one: _answered(service, collection, one), asked, plan, at),
    ]


def _staged(
    whole: str,
    work: Callable[[PreparedQuery], dict[str, float]],
    asked: Sequence[PreparedQuery],
    plan: Plan,
    at: Mapping[str, int],
) -> list[Figure]:
    chosen = fitting(work, asked, plan)
    repeats = [[work(one) for one in chosen] for _ in range(plan.repeats)]
    names = list(dict.fromkeys(name for block in repeats for found in block for name in found))
    totals = [[sum(found.values()) for found in block] for block in repeats]
    return [
        latency_figure(
            "stages",
            f"{whole}: {name}",
            [[found.get(name, 0.0) for found in block] for block in repeats],
            TOGETHER,
            totals,
            at,
        )
        for name in names
    ]


def _stages(service: Service, collection: str, one: PreparedQuery) -> dict[str, float]:
    spent: dict[str, float] = {}
    count, depth = service.settings.rerank_candidates, service.settings.reader_candidates
    query = Query(one.text, collection, K)
    opened = _timed(spent, "open the collection", lambda: service.searcher.open(collection))
    config = opened.config
    encoded = _timed(spent, "embed", lambda: opened.encode(one.text))
    dense = _timed(spent, "dense", lambda: opened.dense(encoded.dense, count))
    lexical = _timed(spent, "lexical", lambda: opened.lexical(one.text, count))
    missing = list({scored.key for scored in lexical} - {scored.key for scored in dense})
    _timed(
        spent,
        "fuse",
        lambda: convex(
            dense,
            lexical,
            opened.similarities(encoded.dense, missing),
            dense_weight=config.dense_weight,
            lexical_weight=config.lexical_weight,
        ),
    )
    # what the stages above made, in the service's own shape; not timed
    found = service.searcher.retrieve(query, opened)
    late = _timed(spent, "late interaction", lambda: rerank_late(found, service.store))
    hits = _timed(spent, "read the chunks", lambda: hydrate(service.store, late.items, max(K, depth)))
    if depth:
        _timed(
            spent,
            "reader",
            lambda: rerank_by_reader(one.text, hits, service.models.reader, depth, config.reader_weight),
        )
    return spent


def _answered(service: Service, collection: str, one: PreparedQuery) -> dict[str, float]:
    timings = dict(service.answerer.answer(Ask(one.text, collection)).timings)
    total = timings.pop("total")
    return {**timings, "the rest": max(0.0, total - sum(timings.values()))}


def _timed(spent: dict[str, float], stage: str, work: Callable[[], T]) -> T:
    started = perf_counter()
    result = work()
    spent[stage] = 1000 * (perf_counter() - started)
    return result
