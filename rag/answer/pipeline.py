"""The answer as a Haystack pipeline: retriever, reranker, reader, generator, citer, checker.

Importing this module imports Haystack, which takes seconds; its telemetry is off (see the package).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from haystack import Pipeline
from haystack.core.errors import PipelineRuntimeError

from rag.answer.ask import Ask
from rag.answer.components.bound import EngineBound
from rag.answer.components.checker import FootnoteChecker
from rag.answer.components.citer import FootnoteCiter
from rag.answer.components.generator import FootnoteGenerator
from rag.answer.components.reader import FootnoteReader
from rag.answer.components.reranker import FootnoteReranker
from rag.answer.components.retriever import FootnoteRetriever
from rag.answer.flow import Draft, Emit
from rag.answer.stream import StreamClosed
from rag.errors import RagError
from rag.types import Hit

if TYPE_CHECKING:
    from rag.answer.engine import Engine

TRUSTED = ["rag.answer.components"]
"""What Haystack has to be allowed to import when it loads such a pipeline from YAML."""

_CONNECTIONS: tuple[tuple[str, str], ...] = (
    ("retriever.candidates", "reranker.candidates"),
    ("retriever.draft", "reranker.draft"),
    ("reranker.draft", "reader.draft"),
    ("reranker.hits", "reader.hits"),
    ("reranker.hits", "generator.hits"),
    ("reranker.hits", "citer.hits"),
    ("reranker.hits", "checker.hits"),
    ("reader.draft", "generator.draft"),
    ("generator.draft", "citer.draft"),
    ("citer.draft", "checker.draft"),
)


def build_pipeline(engine: Engine | None = None, collection: str = "") -> Pipeline:
    """Footnote's own pipeline, on the engine given, else on the one that each component's settings name."""
    pipeline = Pipeline()
    pipeline.add_component("retriever", FootnoteRetriever(collection, hydrate=False))
    pipeline.add_component("reranker", FootnoteReranker())
    pipeline.add_component("reader", FootnoteReader())
    pipeline.add_component("generator", FootnoteGenerator())
    pipeline.add_component("citer", FootnoteCiter())
    pipeline.add_component("checker", FootnoteChecker())
    for sender, receiver in _CONNECTIONS:
        pipeline.connect(sender, receiver)
    return bind(pipeline, engine) if engine is not None else pipeline


def load_pipeline(text: str, engine: Engine | None = None) -> Pipeline:
    """A pipeline from YAML; with an engine its Footnote components work on that one."""
    pipeline = Pipeline.loads(text, allowed_modules=TRUSTED)
    return bind(pipeline, engine) if engine is not None else pipeline


def bind(pipeline: Pipeline, engine: Engine) -> Pipeline:
    """Hand the engine to every Footnote component of the pipeline."""
    for _, instance in pipeline.walk():
        if isinstance(instance, EngineBound):
            instance.bind(engine)
    return pipeline


def run_pipeline(pipeline: Pipeline, ask: Ask, emit: Emit | None) -> tuple[Draft, tuple[Hit, ...]]:
    """Run Footnote's own pipeline; an error of ours comes out as itself and not wrapped in Haystack's."""
    query = {"query": ask.question}
    data = {
        "retriever": {**query, "collection": ask.collection, "filters": ask.filters, "top_k": ask.k},
        "reranker": {**query, "top_k": ask.k, "emit": emit},
        "reader": {**query, "mode": ask.mode},
        "generator": {**query, "mode": ask.mode, "emit": emit},
        "citer": {**query, "check": ask.check},
        "checker": {**query, "check": ask.check},
    }
    try:
        result = pipeline.run(data, include_outputs_from={"reranker"})
    except PipelineRuntimeError as error:
        if isinstance(error.__cause__, RagError | StreamClosed):
            raise error.__cause__ from None
        raise
    return result["checker"]["draft"], result["reranker"]["hits"].hits
