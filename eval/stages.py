"""The stages of a search and of an answer, each timed by itself, one after the other in this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from rag.answer.engine import Engine
from rag.answer.flow import Candidates
from rag.answer.rerank import rerank_late
from rag.answer.retrieve import hydrate
from rag.index.fusion import convex
from rag.types import Query

Found = dict[str, list[float]]
"""Stage to milliseconds."""
T = TypeVar("T")
READ = 5  # passages that are read, as `ask` does by default


def time_stages(engine: Engine, collection: str, queries: Sequence[str]) -> Found:
    """Milliseconds of each stage for each query, with the engine's own parts; the first query warms up
    unseen.
    """
    found: Found = {}
    _one(engine, collection, queries[0], {})
    for query in queries:
        _one(engine, collection, query, found)
    return found


def _one(engine: Engine, collection: str, text: str, found: Found) -> None:
    count = engine.settings.rerank_candidates
    started = time.perf_counter()
    encoded = _timed(found, "embed", lambda: engine.encoder.encode_queries([text])[0])
    dense = _timed(found, "dense", lambda: engine.indexes.search_dense(collection, encoded.dense, count))
    lexical = _timed(found, "lexical", lambda: engine.indexes.search_lexical(collection, text, count))
    keys = {scored.key for scored in dense}
    missing = [scored.key for scored in lexical if scored.key not in keys]
    _timed(
        found,
        "fuse",
        lambda: convex(dense, lexical, engine.indexes.similarities(collection, encoded.dense, missing)),
    )
    found.setdefault("search, one after the other", []).append(1000 * (time.perf_counter() - started))
    query = Query(text, collection, READ)
    candidates = _timed(found, "search, as the engine runs it", lambda: engine.candidates(query))
    reranked = _timed(found, "late interaction", lambda: _late(engine, candidates))
    hits = _timed(found, "hydrate", lambda: hydrate(engine.store, reranked.items, READ))
    passages = [hit.chunk.text for hit in hits]
    read = _timed(found, "read", lambda: engine.reader.read(text, passages))
    answer = read.readings[0].text if read.readings else passages[0]
    _timed(found, "check", lambda: engine.check(answer, passages[:1], text))
    _timed(found, "ask", lambda: engine.ask(text, collection))


def _late(engine: Engine, candidates: Candidates) -> Candidates:
    return rerank_late(candidates, engine.store, engine.encoder.info.name)


def _timed(found: Found, stage: str, work: Callable[[], T]) -> T:
    started = time.perf_counter()
    result = work()
    found.setdefault(stage, []).append(1000 * (time.perf_counter() - started))
    return result
