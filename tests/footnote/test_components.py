"""Our components in anyone's pipeline: what they take and give, YAML, trust and telemetry."""

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
from haystack.components.writers import DocumentWriter
from haystack.core.errors import DeserializationError, PipelineRuntimeError
from haystack.dataclasses import ChatMessage
from haystack.document_stores.in_memory import InMemoryDocumentStore

from footnote.haystack import (
    TRUSTED,
    FootnoteChecker,
    FootnoteCitationWriter,
    FootnoteDocumentStore,
    FootnoteRanker,
    FootnoteReader,
    FootnoteRetriever,
)
from footnote.haystack.bound import ServiceBound
from rag.errors import NotFound
from rag.service import Service
from tests.answer.corpus import TEXTS

C = "handbook"
LUNCH = "How much is lunch for guests?"


def bind(pipeline: Pipeline, service: Service) -> Pipeline:
    """Hand the service to every Footnote component."""
    for _, instance in pipeline.walk():
        if isinstance(instance, ServiceBound):
            instance.bind(service)
    return pipeline


def answering(top_k: int = 5) -> Pipeline:
    """Retriever, reader and checker in a row."""
    pipeline = Pipeline()
    pipeline.add_component("retriever", FootnoteRetriever(C, top_k))
    pipeline.add_component("reader", FootnoteReader())
    pipeline.add_component("checker", FootnoteChecker())
    pipeline.connect("retriever.documents", "reader.documents")
    pipeline.connect("retriever.documents", "checker.documents")
    pipeline.connect("reader.draft", "checker.draft")
    return pipeline


def test_the_retriever_gives_haystack_documents(filled: Service) -> None:
    retriever = FootnoteRetriever(C, top_k=3)
    retriever.bind(filled)
    documents = retriever.run("lunch price", filters={"topic": {"in": ["canteen", "pump"]}})["documents"]
    first = documents[0]
    assert first.content == TEXTS["canteen.md"][first.meta["start"] : first.meta["end"]]
    assert (first.meta["source"], first.meta["page_number"]) == ("canteen.md", 1)
    assert {document.meta["topic"] for document in documents} <= {"canteen", "pump"}
    assert first.score == max(document.score or 0 for document in documents)
    theirs = {"field": "meta.topic", "operator": "in", "value": ["canteen", "pump"]}
    assert retriever.run("lunch price", filters=theirs)["documents"] == documents


def test_ranker_reader_and_checker_take_anyones_documents(filled: Service) -> None:
    store = InMemoryDocumentStore()
    store.write_documents([Document(content=text, meta={"url": name}) for name, text in TEXTS.items()])
    pipeline = Pipeline()
    pipeline.add_component("retriever", InMemoryBM25Retriever(store))
    pipeline.add_component("ranker", FootnoteRanker(top_k=2))
    pipeline.add_component("reader", FootnoteReader())
    pipeline.add_component("checker", FootnoteChecker())
    pipeline.connect("retriever.documents", "ranker.documents")
    pipeline.connect("ranker.documents", "reader.documents")
    pipeline.connect("ranker.documents", "checker.documents")
    pipeline.connect("reader.draft", "checker.draft")
    result = bind(pipeline, filled).run({"query": LUNCH}, include_outputs_from={"reader", "ranker"})
    assert len(result["ranker"]["documents"]) == 2
    (extracted, *_) = result["reader"]["answers"]
    assert "11 euros" in extracted.data
    span = extracted.document_offset
    assert extracted.document.content[span.start : span.end] == extracted.data
    answer = result["checker"]["answers"][0]
    citation = answer.meta["citations"][0]
    assert citation["source"] == "canteen.md"
    assert TEXTS["canteen.md"][citation["start"] : citation["end"]] == citation["quote"]
    assert answer.meta["sentences"][0]["label"] == "quoted"


def test_citation_writer_and_checker_take_anyones_replies(filled: Service) -> None:
    template = [ChatMessage.from_user("{% for d in documents %}{{ d.content }}{% endfor %} {{ query }}")]
    reply = "Guests pay 11 euros for lunch. Napoleon founded the canteen in Paris [9]."
    pipeline = Pipeline()
    pipeline.add_component("retriever", FootnoteRetriever(C, top_k=4))
    pipeline.add_component("prompt", ChatPromptBuilder(template, required_variables=["documents", "query"]))
    pipeline.add_component("llm", MockChatGenerator(reply))
    pipeline.add_component("writer", FootnoteCitationWriter())
    pipeline.add_component("checker", FootnoteChecker(check="drop"))
    pipeline.connect("retriever.documents", "prompt.documents")
    pipeline.connect("prompt.prompt", "llm.messages")
    pipeline.connect("llm.replies", "writer.replies")
    pipeline.connect("retriever.documents", "writer.documents")
    pipeline.connect("retriever.documents", "checker.documents")
    pipeline.connect("writer.draft", "checker.draft")
    result = bind(pipeline, filled).run({"query": LUNCH}, include_outputs_from={"writer"})
    assert result["writer"]["answers"][0].data.startswith("Guests pay 11 euros for lunch [1]. Napoleon")
    assert "[9]" not in result["writer"]["answers"][0].data
    assert result["checker"]["answers"][0].data == "Guests pay 11 euros for lunch [1]."


def test_the_checker_alone_checks_a_reply(filled: Service) -> None:
    checker = FootnoteChecker()
    checker.bind(filled)
    given = {"query": LUNCH, "documents": [Document(content=TEXTS["canteen.md"])]}
    answer = checker.run(**given, replies=["Lunch costs 11 euros for guests. It is served on Mars."])[
        "answers"
    ][0]
    assert [one["label"] == "supported" for one in answer.meta["sentences"]] == [True, False]
    refused = checker.run(**given, replies=["It is served on Mars by the king."], check="refuse")["answers"][
        0
    ]
    assert refused.meta["abstained"]


def test_an_indexing_pipeline_writes_and_a_querying_one_finds(service: Service) -> None:
    store = FootnoteDocumentStore("indexed")
    store.bind(service)
    indexing = Pipeline()
    indexing.add_component("writer", DocumentWriter(store))
    documents = [Document(content=text, meta={"name": name}) for name, text in TEXTS.items()]
    assert indexing.run({"documents": documents})["writer"]["documents_written"] == len(TEXTS)
    retriever = FootnoteRetriever(document_store=store)
    assert retriever.run(LUNCH)["documents"][0].meta["name"] == "canteen.md"


def _parsed(text: str) -> dict[str, object]:
    """The YAML with its connections in a fixed order: Haystack writes them in any."""
    values = yaml.safe_load(text)
    return {**values, "connections": sorted(values["connections"], key=str)}


def test_yaml_round_trip(filled: Service) -> None:
    pipeline = answering()
    pipeline.add_component("ranker", FootnoteRanker(3, settings={"threads": 1}))
    pipeline.add_component("writer", FootnoteCitationWriter(attach=False))
    stored = FootnoteRetriever(document_store=FootnoteDocumentStore("notes"), mode="lexical", rerank=False)
    pipeline.add_component("stored", stored)
    text = pipeline.dumps()
    loaded = Pipeline.loads(text, allowed_modules=TRUSTED)
    assert _parsed(loaded.dumps()) == _parsed(text)
    assert loaded.get_component("stored").document_store.collection == "notes"


def test_yaml_alone_is_enough(filled: Service) -> None:
    """Loaded by Haystack itself, its components open the store that their settings name, and open it once."""
    values = {"data": str(filled.settings.data), "threads": 1}
    blank = answering()
    for _, instance in blank.walk():
        instance.settings = values
    loaded = Pipeline.loads(blank.dumps(), allowed_modules=TRUSTED)
    result = loaded.run({"query": LUNCH})
    assert "11 euros" in result["checker"]["answers"][0].data
    services = {id(instance.service) for _, instance in loaded.walk()}
    assert len(services) == 1
    next(iter(loaded.walk()))[1].service.close()


def test_yaml_needs_trust() -> None:
    with pytest.raises(DeserializationError):
        Pipeline.loads(answering().dumps())


def test_an_error_of_ours_is_the_cause(filled: Service) -> None:
    pipeline = bind(answering(), filled)
    with pytest.raises(PipelineRuntimeError) as error:
        pipeline.run(
            {
                "retriever": {"query": LUNCH, "collection": "gone"},
                "reader": {"query": LUNCH},
                "checker": {"query": LUNCH},
            }
        )
    assert isinstance(error.value.__cause__, NotFound)


def test_the_service_does_not_import_haystack_and_telemetry_is_off() -> None:
    script = (
        "import sys; import api.http.app, footnote.service; assert 'haystack' not in sys.modules; "
        "import footnote.haystack.components; "
        "import haystack.telemetry._telemetry as t; assert t.telemetry is None"
    )
    environment = {name: value for name, value in os.environ.items() if name != "HAYSTACK_TELEMETRY_ENABLED"}
    subprocess.run([sys.executable, "-c", script], check=True, timeout=240, env=environment)


def test_the_example_runs(filled: Service, tmp_path: Path) -> None:
    """samples/haystack_pipeline.py: Footnote inside a pipeline of one's own."""
    samples = Path(__file__).parents[2] / "samples"
    environment = {**os.environ, "PYTHONPATH": str(samples.parent), "FOOTNOTE_THREADS": "1"}
    ran = subprocess.run(
        [sys.executable, samples / "haystack_pipeline.py"],
        check=True, capture_output=True, text=True, timeout=240, env=environment, cwd=tmp_path,
    )  # fmt: skip
    assert "Dogs travel free of charge [1]." in ran.stdout
    assert "passengers.html" in ran.stdout
    assert "captain" not in ran.stdout
