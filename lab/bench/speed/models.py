"""The small models in this process, each beside its bare forward passes on the same tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any

import onnxruntime

from lab.bench.speed.dataset import longest_sentence
from lab.bench.speed.results import Figure, Plan
from lab.bench.speed.timing import (
    Pass,
    Recorded,
    fitting,
    in_turns,
    mean_tokens,
    recorded,
    replay,
    with_passes,
)
from rag.answer.ask import Ask
from rag.answer.check import check_text
from rag.models.registry import model_folder
from rag.models.runtime import graph_file
from rag.models.types import Encoder
from rag.service import Service
from rag.settings import Settings
from rag.types import Query

READ = 5  # passages of an answer, as `ask` reads by default
DEPTH = 20  # passages that the reader reorders
BATCH_TEXTS = 32
CLAIM = 300  # characters of a sentence to check
ASKED = 12  # questions of rerank, read and check: a call takes long


def embed_figures(
    service: Service, passages: Sequence[str], queries: Sequence[str], plan: Plan
) -> list[Figure]:
    """Passages and queries to vectors, and what the session's settings cost."""
    encoder, texts = service.models.encoder, list(passages[:BATCH_TEXTS])
    encoder.encode_passages(texts[:1])  # opens the session
    passes = with_passes(encoder.encode_passages, [texts])
    asked = with_passes(lambda text: encoder.encode_queries([text]), queries)
    if not passes[0].passes:  # a static encoder has no forward pass
        return []
    return [
        _rate(f"{len(texts)} passages", lambda: encoder.encode_passages(texts), passes[0], plan),
        in_turns(
            "embed",
            "a query",
            lambda item: encoder.encode_queries([item.item]),
            ("encoder forward", replay),
            asked,
            plan,
            {},
            mean_tokens(asked),
        ),
        _session(service.settings, passes[0], plan),
    ]


def _rate(name: str, work: Any, item: Recorded, plan: Plan) -> Figure:
    tokens = sum(one.tokens for one in item.passes)
    pairs = [(_seconds(work), _seconds(lambda: replay(item))) for _ in range(plan.repeats)]
    ours, base = (tuple(tokens / seconds for seconds in column) for column in zip(*pairs, strict=True))
    notes = mean_tokens([item])
    return Figure("embed", name, "tokens/s", "higher", ours, "encoder forward", base, notes=notes)


def _session(settings: Settings, item: Recorded, plan: Plan) -> Figure:
    """The product's session (no busy waiting) beside ONNX Runtime as it comes, with as many threads."""
    folder = model_folder(settings.encoder, settings)
    assert folder is not None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = settings.threads
    path = str(graph_file(folder, settings.precision))
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    other = Recorded(None, tuple(Pass(session, one.outputs, one.feeds) for one in item.passes))
    replay(other)
    found = _rate("forward, the product's session", lambda: replay(item), other, plan)
    return Figure(
        found.part,
        found.name,
        found.unit,
        found.better,
        found.runs,
        "forward, ONNX Runtime as it comes",
        found.baseline_runs,
        notes=found.notes,
    )


def encoded_rate(encoder: Encoder, texts: Sequence[str]) -> tuple[int, float] | None:
    """Tokens of these texts, and a second's worth of them by bare passes of the best packing; None for an
    encoder without a forward pass.
    """
    with recorded() as passes:
        encoder.encode_passages(list(texts))
    if not passes:
        return None
    tokens = sum(one.tokens for one in passes)
    item = Recorded(None, tuple(passes))
    return tokens, tokens / _seconds(lambda: replay(item))


def rerank_figures(service: Service, collection: str, queries: Sequence[str], plan: Plan) -> list[Figure]:
    """Order DEPTH passages, by the reader and by the encoder."""
    items = _with_passages(service, collection, queries, DEPTH)
    return [
        _forward("rerank", f"{DEPTH} passages, reader", "reader", _relevance(service), items, plan),
        _forward(
            "rerank",
            f"{DEPTH} passages, encoder",
            "encoder",
            lambda x: service.models.ranker.relevance(*x),
            items,
            plan,
        ),
    ]


def _relevance(service: Service) -> Any:
    return lambda item: service.models.reader.relevance(*item)


def read_figures(service: Service, collection: str, queries: Sequence[str], plan: Plan) -> list[Figure]:
    """Look for the answer in READ passages."""
    items = _with_passages(service, collection, queries, READ)
    return [
        _forward(
            "read", f"{READ} passages", "reader", lambda item: service.models.reader.read(*item), items, plan
        )
    ]


def check_figures(service: Service, collection: str, queries: Sequence[str], plan: Plan) -> list[Figure]:
    """Check a sentence that stands in another passage against one passage and against READ."""
    found = []
    wide = _with_passages(service, collection, queries, READ + 1)
    for count in (1, READ):
        items = [
            (longest_sentence(passages[-1])[:CLAIM], passages[:count], question)
            for question, passages in wide
        ]
        name = f"a sentence, {count} passage" + ("s" if count > 1 else "")
        found += _check(service, name, items, plan)
    return found


def _check(service: Service, name: str, items: Sequence[Any], plan: Plan) -> list[Figure]:
    """Beside the checker's passes, and beside those of the encoder too, which it asks for vectors."""

    def work(item: Any) -> object:
        claim, passages, question = item
        return check_text(claim, passages, service.models.checker, question)

    own = with_passes(work, fitting(work, items, plan))
    first = own[0].passes[0].session  # the checker's net runs first
    alone = [Recorded(one.item, tuple(p for p in one.passes if p.session is first)) for one in own]
    return [
        in_turns(
            "check",
            f"{name}{extra}",
            lambda item: work(item.item),
            (base, replay),
            chosen,
            plan,
            {},
            mean_tokens(chosen),
        )
        for extra, base, chosen in (
            ("", "checker forward", alone),
            (" (both nets)", "checker and encoder forward", own),
        )
    ]


def _forward(part: str, name: str, model: str, work: Any, items: Sequence[Any], plan: Plan) -> Figure:
    own = with_passes(work, fitting(work, items, plan))
    base = (f"{model} forward", replay)
    return in_turns(part, name, lambda item: work(item.item), base, own, plan, {}, mean_tokens(own))


def ask_figures(
    service: Service, collection: str, queries: Sequence[str], plan: Plan, at: Mapping[str, int]
) -> list[Figure]:
    """A whole question beside the sum of its forward passes."""

    def work(text: str) -> object:
        return service.answerer.answer(Ask(text, collection))

    items = with_passes(work, fitting(work, queries, plan))
    base = ("all its forward passes", replay)
    notes = mean_tokens(items)
    return [in_turns("ask", "a question", lambda item: work(item.item), base, items, plan, at, notes)]


def _with_passages(
    service: Service, collection: str, queries: Sequence[str], count: int
) -> list[tuple[str, list[str]]]:
    found = []
    for text in queries[:ASKED]:
        hits, _ = service.searcher.search(Query(text, collection, count), rerank=False)
        found.append((text, [hit.chunk.text for hit in hits]))
    return found


def _seconds(work: Any) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started
