"""The way of a question: its collection is looked up once, a user's step is heeded, any LLM can write."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from ingest.handler import ingest_worker
from ingest.submit import submit_uploads
from ingest.types import Upload
from rag.answer.ask import Ask
from rag.errors import ModelError
from rag.service import Service, open_service
from rag.store import NewProfile
from rag.types import Hit, Query
from tests.answer.conftest import settings_for
from tests.answer.corpus import fill

C = "handbook"
LUNCH = "How much is lunch for guests?"
MOCK = "haystack.components.generators.chat.MockChatGenerator"


@contextmanager
def collection_reads(service: Service) -> Iterator[list[str]]:
    """The statements that read a row of `collections` in this service's store, of every engine and thread,
    while this lasts. Services of other tests, whose threads look on, have stores of their own.
    """
    statements: list[str] = []

    def note(connection: sa.Connection, cursor: object, statement: str, *_: object) -> None:
        if connection.engine.url.database != str(service.settings.data / "footnote.db"):
            return
        if statement.lstrip().upper().startswith("SELECT") and "FROM collections" in statement:
            statements.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)


@pytest.fixture
def quiet(tmp_path: Path) -> Iterator[Service]:
    """A service whose background threads have stopped, so that every statement is the request's."""
    with open_service(settings_for(tmp_path / "data")) as opened:
        fill(opened)
        opened.searcher.search(Query(LUNCH, C))
        opened.indexes._stop.set()
        for thread in opened.indexes._threads:
            thread.join()
        yield opened


@pytest.mark.parametrize("adapted", [False, True])
def test_a_request_reads_its_collection_once(quiet: Service, adapted: bool) -> None:
    if adapted:
        info, collection = quiet.models.encoder.info, quiet.store.collections.get(C)
        tuning = replace(quiet.searcher.open(C).tuning, lexical_weight=0.7)
        new = NewProfile(info.name, info.revision, tuning.to_json(), "{}", adopt=True)
        quiet.store.learned.add(collection, new)
        assert quiet.searcher.open(C).config.lexical_weight == 0.7  # the first look reads what was learned
    for mode in ("hybrid", "dense", "lexical"):
        with collection_reads(quiet) as reads:
            hits, _ = quiet.searcher.search(Query(LUNCH, C, mode=mode), explain=True)  # type: ignore[arg-type]
        assert hits
        assert len(reads) == 1
    with collection_reads(quiet) as reads:
        assert not quiet.answerer.answer(Ask(LUNCH, C)).abstained
    assert len(reads) == 1
    with collection_reads(quiet) as reads:
        assert list(quiet.answerer.events(Ask(LUNCH, C)))
    assert len(reads) == 1


def test_a_step_between_decides_what_is_answered_from(service: Service, tmp_path: Path) -> None:
    seen: list[Ask] = []

    def ferry_only(ask: Ask, hits: Sequence[Hit]) -> Sequence[Hit]:
        seen.append(ask)
        return [hit for hit in hits if hit.document.source == "ferry.md"]

    def forged(ask: Ask, hits: Sequence[Hit]) -> Sequence[Hit]:
        document = replace(hits[0].document, id="of-the-user", source="menu.txt")
        text = "Dish | Guests | Staff\nLunch today | 12 euros | 9 euros"
        chunk = replace(hits[0].chunk, document_id="of-the-user", start=7, end=7 + len(text), text=text)
        return [replace(hits[0], document=document, chunk=chunk)]

    settings = settings_for(tmp_path, answer_threshold=0.0)
    with open_service(settings, service.store, between=ferry_only) as stepped:
        answer = stepped.answerer.answer(Ask(LUNCH, C, k=8))
    assert seen == [Ask(LUNCH, C, k=8)]
    assert {hit.document.source for hit in answer.hits} == {"ferry.md"}
    with open_service(settings, service.store, between=forged) as stepped:
        answer = stepped.answerer.answer(Ask("What does lunch cost guests today?", C))
    assert "12 euros" in answer.text
    assert {citation.source for citation in answer.citations} == {"menu.txt"}


def test_any_chat_generator_can_write(service: Service, tmp_path: Path) -> None:
    said = {"role": "assistant", "content": [{"text": "Guests pay 11 euros for lunch [1]."}]}
    options = {"responses": [said]}
    settings = settings_for(tmp_path, llm_generator=MOCK, llm_options=options)
    with open_service(settings, service.store) as writing:
        answer = writing.answerer.answer(Ask(LUNCH, C, mode="generative"))
    assert answer.route[0].step == "generator"
    assert answer.route[0].taken
    assert "11 euros" in answer.text


@pytest.mark.parametrize(
    ("name", "options"),
    [("no.such.Generator", {}), (MOCK, {"nonsense": 1}), ("json.JSONDecoder", {}), ("nothing", {})],
)
def test_a_generator_that_cannot_be_made_is_named(
    service: Service, tmp_path: Path, name: str, options: dict[str, object]
) -> None:
    settings = settings_for(tmp_path, llm_generator=name, llm_options=options)
    with open_service(settings, service.store) as broken, pytest.raises(ModelError, match=name):
        broken.answerer.answer(Ask(LUNCH, C, mode="generative"))


def test_haystack_is_imported_for_an_llm_alone_and_its_telemetry_is_off() -> None:
    script = (
        "import sys, rag.service; from rag.settings import Settings; assert 'haystack' not in sys.modules; "
        "from rag.answer.llm import open_llm; assert 'haystack' not in sys.modules; "
        "open_llm(Settings(llm_url='http://127.0.0.1:9/v1', llm_model='m')); "
        "import haystack.telemetry._telemetry as t; assert t.telemetry is None"
    )
    environment = {name: value for name, value in os.environ.items() if name != "HAYSTACK_TELEMETRY_ENABLED"}
    subprocess.run([sys.executable, "-c", script], check=True, timeout=240, env=environment)


STEPS = ["Open the inlet valve slowly", "Wait until the gauge shows two bar", "Close the drain cock by hand",
         "Set the selector to automatic", "Press the green button and hold it"]  # fmt: skip


def test_steps_that_stand_in_several_chunks_are_quoted_whole(tmp_path: Path) -> None:
    settings = settings_for(tmp_path / "data", chunk_tokens=32, answer_threshold=0.0)
    listed = "\n".join(f"{n}. {step}." for n, step in enumerate(STEPS, 1))
    page = f"# Pump\n\nTo start the pump:\n\n{listed}\n\nThe pump then runs by itself.\n"
    with open_service(settings) as opened:
        opened.store.collections.create(C)
        submit_uploads(opened.store, C, [Upload("pump.md", page.encode(), "text/markdown")])
        with ingest_worker(settings, opened.store, opened.models.encoder) as worker:
            worker.drain()
        answer = opened.answerer.answer(Ask("How do I start the pump?", C))
        assert opened.store.collections.get(C).chunks > 1
    assert [f"{n}. {step}" in answer.text for n, step in enumerate(STEPS, 1)] == [True] * len(STEPS)
