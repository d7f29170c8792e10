"""The Haystack side: components in anyone's pipeline, YAML, telemetry, and what it costs to import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from haystack import Document, Pipeline
from haystack.components.builders import ChatPromptBuilder
from haystack.components.generators.chat import MockChatGenerator
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever
from haystack.core.errors import DeserializationError
from haystack.dataclasses import ChatMessage
from haystack.document_stores.in_memory import InMemoryDocumentStore

from rag.answer.ask import Ask
from rag.answer.components.checker import FootnoteChecker
from rag.answer.components.citer import FootnoteCiter
from rag.answer.components.reader import FootnoteReader
from rag.answer.components.reranker import FootnoteReranker
from rag.answer.components.retriever import FootnoteRetriever
from rag.answer.engine import Engine
from rag.answer.pipeline import TRUSTED, bind, build_pipeline, load_pipeline, run_pipeline
from rag.errors import NotFound
from tests.answer.conftest import settings_for
from tests.answer.corpus import TEXTS

C = "handbook"
LUNCH = "How much is lunch for guests?"


def test_the_retriever_gives_haystack_documents(engine: Engine) -> None:
    retriever = FootnoteRetriever(C, top_k=3)
    retriever.bind(engine)
    documents = retriever.run("lunch price", filters={"topic": {"in": ["canteen", "pump"]}})["documents"]
    first = documents[0]
    assert isinstance(first, Document)
    assert first.content == TEXTS["canteen.md"][first.meta["start"] : first.meta["end"]]
    assert (first.meta["source"], first.meta["page_number"], first.meta["topic"]) == (
        "canteen.md",
        1,
        "canteen",
    )
    assert {document.meta["topic"] for document in documents} <= {"canteen", "pump"}
    assert first.score == max(document.score or 0 for document in documents)


def test_reader_and_reranker_read_anyones_documents(engine: Engine) -> None:
    store = InMemoryDocumentStore()
    store.write_documents([Document(content=text, meta={"url": name}) for name, text in TEXTS.items()])
    pipeline = Pipeline()
    pipeline.add_component("retriever", InMemoryBM25Retriever(store))
    pipeline.add_component("reranker", FootnoteReranker(top_k=2))
    pipeline.add_component("reader", FootnoteReader())
    pipeline.add_component("checker", FootnoteChecker())
    pipeline.connect("retriever.documents", "reranker.documents")
    pipeline.connect("reranker.documents", "reader.documents")
    pipeline.connect("reranker.documents", "checker.documents")
    pipeline.connect("reader.draft", "checker.draft")
    result = bind(pipeline, engine).run({"query": LUNCH}, include_outputs_from={"reader"})
    (extracted, *_) = result["reader"]["answers"]
    assert "11 euros" in extracted.data
    span = extracted.document_offset
    assert extracted.document.content[span.start : span.end] == extracted.data
    answer = result["checker"]["answers"][0]
    assert "11 euros" in answer.data
    citation = answer.meta["citations"][0]
    assert citation["source"] == "canteen.md"
    assert TEXTS["canteen.md"][citation["start"] : citation["end"]] == citation["quote"]
    assert answer.meta["sentences"][0]["label"] == "supported"


def test_citer_and_checker_take_anyones_replies(engine: Engine) -> None:
    template = [ChatMessage.from_user("{% for d in documents %}{{ d.content }}{% endfor %} {{ query }}")]
    reply = "Guests pay 11 euros for lunch. Napoleon founded the canteen in Paris [9]."
    pipeline = Pipeline()
    pipeline.add_component("retriever", FootnoteRetriever(C, top_k=4))
    pipeline.add_component("prompt", ChatPromptBuilder(template, required_variables=["documents", "query"]))
    pipeline.add_component("llm", MockChatGenerator(reply))
    pipeline.add_component("citer", FootnoteCiter())
    pipeline.add_component("checker", FootnoteChecker(check="drop"))
    pipeline.connect("retriever.documents", "prompt.documents")
    pipeline.connect("prompt.prompt", "llm.messages")
    pipeline.connect("llm.replies", "citer.replies")
    pipeline.connect("retriever.documents", "citer.documents")
    pipeline.connect("retriever.documents", "checker.documents")
    pipeline.connect("citer.draft", "checker.draft")
    result = bind(pipeline, engine).run({"query": LUNCH}, include_outputs_from={"citer"})
    assert result["citer"]["answers"][0].data.startswith("Guests pay 11 euros for lunch [1]. Napoleon")
    assert "[9]" not in result["citer"]["answers"][0].data
    assert result["checker"]["answers"][0].data == "Guests pay 11 euros for lunch [1]."


def _parsed(text: str) -> dict[str, object]:
    """The YAML with its connections in a fixed order: Haystack writes them in any."""
    values = yaml.safe_load(text)
    return {**values, "connections": sorted(values["connections"], key=str)}


def test_yaml_round_trip(engine: Engine) -> None:
    text = build_pipeline(engine, C).dumps()
    assert "settings" in text
    loaded = load_pipeline(text, engine)
    assert _parsed(loaded.dumps()) == _parsed(text)
    result = loaded.run({"query": LUNCH})
    assert "11 euros" in result["checker"]["answers"][0].data


def test_yaml_alone_is_enough(engine: Engine, tmp_path: Path) -> None:
    """Loaded by Haystack itself, its components open the store that their settings name, and open it once."""
    settings = settings_for(tmp_path / "yaml")
    values = {"data": str(settings.data), "store": engine.settings.store_url, "threads": 1}
    blank = build_pipeline(collection=C)
    for _, instance in blank.walk():
        instance.settings = values
    loaded = Pipeline.loads(blank.dumps(), allowed_modules=TRUSTED)
    result = loaded.run({"query": LUNCH})
    assert "11 euros" in result["checker"]["answers"][0].data
    engines = {id(instance.engine) for _, instance in loaded.walk()}
    assert len(engines) == 1
    next(iter(loaded.walk()))[1].engine.close()


def test_yaml_needs_trust_and_holds_no_key(engine: Engine, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, llm_url="http://127.0.0.1:9/v1", llm_model="m", llm_key="sk-secret")
    with Engine(settings, engine.store) as writing:
        text = build_pipeline(writing, C).dumps()
    assert "sk-secret" not in text
    with pytest.raises(DeserializationError):
        Pipeline.loads(text)


def test_an_error_of_ours_comes_out_unwrapped(engine: Engine) -> None:
    ask = Ask(LUNCH, "gone", 5, "auto", "flag", None)
    with pytest.raises(NotFound, match="gone"):
        run_pipeline(build_pipeline(engine), ask, None)


def test_search_does_not_import_haystack_and_telemetry_is_off() -> None:
    """Whichever module of ours is the first to import Haystack."""
    script = (
        "import sys; import rag.answer.engine; assert 'haystack' not in sys.modules; "
        "import rag.answer.llm; "
        "import haystack.telemetry._telemetry as t; assert t.telemetry is None"
    )
    surroundings = {name: value for name, value in os.environ.items() if name != "HAYSTACK_TELEMETRY_ENABLED"}
    subprocess.run([sys.executable, "-c", script], check=True, timeout=240, env=surroundings)
